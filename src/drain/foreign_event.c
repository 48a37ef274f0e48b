/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "foreign_event.h"
#include "site.h"
#include "value.h"

/* Where the next value of an event is read and written. */
struct packer {
	const struct wire_event *event;
	size_t text_bytes; /* in event->text */
	size_t slot;       /* of the next text */
	char *to;
};

static void put(struct packer *packer, const void *bytes, size_t cnt)
{
	memcpy(packer->to, bytes, cnt);
	packer->to += cnt;
}

static void put_word(struct packer *packer, uint16_t word)
{
	put(packer, &word, sizeof(word));
}

/* False: its slot is not in the message. */
static bool put_text(struct packer *packer, uint64_t with_zero)
{
	const size_t at = packer->slot * packer->event->slot_bytes;
	size_t len = with_zero - 1;

	if (with_zero == WIRE_NULL_TEXT) {
		put_word(packer, TTLOG_STR_NULL);
		return true;
	}
	if (!with_zero || with_zero > packer->event->slot_bytes ||
	    at + with_zero > packer->text_bytes)
		return false;
	packer->slot++;
	put_word(packer, len > TTLOG_STR_MAX ? TTLOG_STR_MAX | TTLOG_STR_CUT : (uint16_t)len);
	put(packer, packer->event->text + at, len > TTLOG_STR_MAX ? TTLOG_STR_MAX : len);
	return true;
}

/* The machine is little endian: the lowest bytes come first. */
static void put_number(struct packer *packer, uint8_t type, uint64_t value)
{
	if (type == TTLOG_TYPE_BOOL)
		value = value != 0;
	put(packer, &value, value__fixed_bytes(type));
}

/* has_mark: a byte tells whether there is a value. */
static bool put_value(struct packer *packer, size_t i, uint8_t type, bool has_mark)
{
	const struct wire_event *event = packer->event;
	const bool is_missing = i >= event->value_cnt || event->values.missing >> i & 1;
	const char mark = !is_missing;

	if (has_mark)
		put(packer, &mark, sizeof(mark));
	if (has_mark && is_missing)
		return true;
	if (type == TTLOG_TYPE_STR)
		return put_text(packer, is_missing ? WIRE_NULL_TEXT : event->values.list[i]);
	put_number(packer, type, is_missing ? 0 : event->values.list[i]);
	return true;
}

static bool is_end(const struct wire_event *event)
{
	return event->place_kind == WIRE_PLACE_RETURN || event->place_kind == WIRE_PLACE_JUMP;
}

static bool put_fields(struct packer *packer, const struct site *site)
{
	if (is_end(packer->event)) {
		put(packer, &packer->event->begin_ns, sizeof(packer->event->begin_ns));
		return site->ret_type == TTLOG_TYPE_NONE ||
		       put_value(packer, 0, site->ret_type, true);
	}
	for (size_t i = 0; i < site->nfields; i++) {
		if (!put_value(packer, i, site->types[i], site->nullable >> i & 1))
			return false;
	}
	return true;
}

const struct wire_batch *foreign_event__pack(const struct wire_event *event, size_t bytes,
					     const struct site *site,
					     char room[FOREIGN_EVENT_MAX_BYTES])
{
	struct wire_batch *message = (struct wire_batch *)room;
	struct ttlog_record *record = (struct ttlog_record *)(message + 1);
	struct packer packer = {
		.event = event,
		.text_bytes = bytes - sizeof(*event),
		.to = (char *)(record + 1),
	};
	uint32_t len;

	if (event->value_cnt > TTLOG_MAX_FIELDS ||
	    (is_end(event) && site->kind != TTLOG_SITE_SPAN) || !put_fields(&packer, site))
		return NULL;
	while ((packer.to - (char *)record) % TTLOG_RECORD_ALIGN)
		*packer.to++ = 0;
	len = (uint32_t)(packer.to - (char *)record);
	record->delta_ticks = 0;
	record->site_len = (site->index + is_end(event)) << TTLOG_RECORD_LEN_BITS | len / 4;
	message->head = event->head;
	message->head.kind = WIRE_BATCH;
	message->head.bytes = (uint32_t)(packer.to - room);
	message->address = 0;
	message->batch = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = TTLOG_CLOCK_MONOTONIC,
		.flags = TTLOG_BATCH_ALONE,
		.base_ticks = event->place_kind == WIRE_PLACE_BEGIN ? event->begin_ns
								    : event->head.stamp_ns,
		.committed = (uint64_t)1 << 32 | len,
	};
	return message;
}

/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "foreign_event.h"
#include "site.h"
#include "value.h"

/* Where the next value of an event is read and written. */
struct packer {
	const struct foreign_event *event;
	size_t text_at; /* in event->texts: of the next text */
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

/* False: it is not there. */
static bool put_text(struct packer *packer, uint64_t with_zero)
{
	const struct foreign_event *event = packer->event;
	const size_t at = packer->text_at;
	const size_t len = with_zero - 1;

	if (with_zero == WIRE_NULL_TEXT) {
		put_word(packer, TTLOG_STR_NULL);
		return true;
	}
	if (!with_zero ||
	    with_zero > (event->slot_bytes ? event->slot_bytes : WIRE_SLOT_MAX_BYTES) ||
	    at + with_zero > event->text_bytes)
		return false;
	packer->text_at += event->slot_bytes ? event->slot_bytes : (with_zero + 7) & ~(size_t)7;
	put_word(packer, len > TTLOG_STR_MAX ? TTLOG_STR_MAX | TTLOG_STR_CUT : (uint16_t)len);
	put(packer, event->texts + at, len > TTLOG_STR_MAX ? TTLOG_STR_MAX : len);
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
	const struct foreign_event *event = packer->event;
	const bool is_missing = i >= event->value_cnt || event->missing >> i & 1;
	const char mark = !is_missing;

	if (has_mark)
		put(packer, &mark, sizeof(mark));
	if (has_mark && is_missing)
		return true;
	if (type == TTLOG_TYPE_STR)
		return put_text(packer, is_missing ? WIRE_NULL_TEXT : event->values[i]);
	put_number(packer, type, is_missing ? 0 : event->values[i]);
	return true;
}

static bool is_end(uint8_t place_kind)
{
	return place_kind == WIRE_PLACE_RETURN || place_kind == WIRE_PLACE_JUMP;
}

static bool put_fields(struct packer *packer, const struct site *site)
{
	if (is_end(packer->event->place_kind)) {
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

void foreign_event__of_message(const struct wire_event *message, size_t bytes,
			       struct foreign_event *ret)
{
	*ret = (struct foreign_event){
		.time_ns = message->place_kind == WIRE_PLACE_BEGIN ? message->begin_ns
								   : message->head.stamp_ns,
		.begin_ns = message->begin_ns,
		.module = message->head.module,
		.site = message->site,
		.missing = message->values.missing,
		.place_kind = message->place_kind,
		.value_cnt = message->value_cnt,
		.values = message->values.list,
		.texts = message->text,
		.text_bytes = bytes - sizeof(*message),
		.slot_bytes = message->slot_bytes ? message->slot_bytes : WIRE_SLOT_BYTES,
	};
}

size_t foreign_event__of_record(const void *records, size_t bytes, struct foreign_event *ret)
{
	const struct wire_chunk_record *record = records;
	const uint64_t *values = (const uint64_t *)(record + 1);
	const char *end;
	size_t least;

	if (bytes < sizeof(*record))
		return 0;
	end = (const char *)records + (size_t)record->words * sizeof(uint64_t);
	least = sizeof(*record) +
		(is_end(record->place_kind) + (size_t)record->value_cnt) * sizeof(uint64_t);
	if ((size_t)record->words * sizeof(uint64_t) > bytes ||
	    (size_t)record->words * sizeof(uint64_t) < least)
		return 0;
	*ret = (struct foreign_event){
		.time_ns = record->stamp_ns,
		.module = record->module,
		.site = record->site,
		.missing = record->missing,
		.place_kind = record->place_kind,
		.value_cnt = record->value_cnt,
	};
	if (is_end(record->place_kind))
		ret->begin_ns = *values++;
	ret->values = values;
	ret->texts = (const char *)(values + record->value_cnt);
	ret->text_bytes = (size_t)(end - ret->texts);
	return (size_t)record->words * sizeof(uint64_t);
}

size_t foreign_event__put(const struct foreign_event *event, const struct site *site,
			  struct ttlog_record *to)
{
	struct packer packer = { .event = event, .to = (char *)(to + 1) };
	const bool ends = is_end(event->place_kind);
	size_t len;

	if (event->value_cnt > TTLOG_MAX_FIELDS || (ends && site->kind != TTLOG_SITE_SPAN) ||
	    !put_fields(&packer, site))
		return 0;
	while ((packer.to - (char *)to) % TTLOG_RECORD_ALIGN)
		*packer.to++ = 0;
	len = (size_t)(packer.to - (char *)to);
	to->delta_ticks = 0;
	to->site_len = (site->index + ends) << TTLOG_RECORD_LEN_BITS | (uint32_t)len / 4;
	return len;
}

/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ttlog/abi.h"

#include "wire.h"
#include "left_out.h"
#include "side_record.h"

struct left_out {
	struct left_out *next;
	uint64_t address, total;
	bool is_known;
	struct wire_batch *copy;
	size_t cnt; /* sites that have not said it yet */
	struct {
		uint32_t site;
		uint64_t cnt;
	} sites[TTLOG_RATE_SLOTS];
};

static void read_slots(struct left_out *left_out, const void *slots, size_t bytes)
{
	struct ttlog_rate rate;

	for (size_t i = 0; i < TTLOG_RATE_SLOTS && (i + 1) * sizeof(rate) <= bytes; i++) {
		memcpy(&rate, (const char *)slots + i * sizeof(rate), sizeof(rate));
		if (!rate.offset || !rate.left_out)
			continue;
		/* another collector records it, and it said what was before in between */
		if (rate.since >= left_out->total) {
			left_out->is_known = false;
			continue;
		}
		left_out->sites[left_out->cnt].site = rate.offset / 2;
		left_out->sites[left_out->cnt++].cnt = rate.left_out;
	}
}

void left_out__add(struct left_out **list, uint64_t address, uint64_t total, const void *slots,
		   size_t bytes)
{
	struct left_out *left_out = calloc(1, sizeof(*left_out));

	if (!left_out)
		return;
	left_out->address = address;
	left_out->total = total;
	left_out->is_known = slots;
	if (slots)
		read_slots(left_out, slots, bytes);
	if (left_out->is_known && !left_out->cnt) {
		free(left_out);
		return;
	}
	left_out->next = *list;
	*list = left_out;
}

void left_out__forget(struct left_out **list, uint64_t address)
{
	struct left_out *found;

	while (*list && (*list)->address != address)
		list = &(*list)->next;
	found = *list;
	if (!found)
		return;
	*list = found->next;
	found->next = NULL;
	left_out__free(found);
}

void left_out__free(struct left_out *list)
{
	struct left_out *next;

	for (; list; list = next) {
		next = list->next;
		free(list->copy);
		free(list);
	}
}

/* What is not known of a site is not said. */
static uint64_t take_off(struct left_out *left_out, const struct ttlog_side_suppressed *said)
{
	uint64_t before;
	size_t i = 0;

	while (i < left_out->cnt && left_out->sites[i].site != said->site)
		i++;
	if (i == left_out->cnt)
		return 0;
	before = left_out->sites[i].cnt;
	left_out->sites[i] = left_out->sites[--left_out->cnt];
	return said->cnt > before ? said->cnt - before : 0;
}

static void correct_all(struct left_out *left_out, unsigned char *records, size_t bytes)
{
	struct ttlog_side_suppressed said;
	struct ttlog_record record;
	size_t at = 0, len;

	while (at + sizeof(record) <= bytes) {
		memcpy(&record, records + at, sizeof(record));
		len = (size_t)(record.site_len & TTLOG_RECORD_LEN_MASK) * TTLOG_RECORD_ALIGN;
		if (len < sizeof(record) || len > bytes - at)
			return;
		if (record.site_len >> TTLOG_RECORD_LEN_BITS == TTLOG_SIDE_SITE &&
		    side_record__suppressed(records + at + sizeof(record), len - sizeof(record),
					    &said) &&
		    said.since < left_out->total) {
			said.cnt = take_off(left_out, &said);
			memcpy(records + at + sizeof(record), &said, sizeof(said));
		}
		at += len;
	}
}

const struct wire_batch *left_out__correct(struct left_out *list, const struct wire_batch *message,
					   uint32_t from)
{
	struct left_out *left_out = list;

	while (left_out && left_out->address != message->address)
		left_out = left_out->next;
	if (!left_out || (!left_out->cnt && left_out->is_known))
		return message;
	free(left_out->copy);
	left_out->copy = malloc(message->head.bytes);
	/* without memory: no event may be lost for a count */
	if (!left_out->copy)
		return message;
	memcpy(left_out->copy, message, message->head.bytes);
	correct_all(left_out, (unsigned char *)(left_out->copy + 1) + from,
		    message->head.bytes - sizeof(*message) - from);
	return left_out->copy;
}

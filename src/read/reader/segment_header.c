/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cbor_reader.h"
#include "format.h"
#include "segment_header.h"

#define HEAD_BYTES 9u
#define CBOR_ARRAY 4u
#define CBOR_MAP   5u
#define STACKS     "stacks"

void segment_tables__init(struct segment_tables *tables)
{
	*tables = (struct segment_tables){
		.lists = { { .key = "sites" },
			   { .key = "threads" },
			   { .key = "modules" },
			   { .key = "frames" },
			   { .key = "lists" },
			   { .key = "events" } },
	};
}

void segment_tables__fini(struct segment_tables *tables)
{
	for (size_t i = 0; i < SEGMENT_TABLE_CNT; i++)
		free(tables->lists[i].bytes);
}

/* An array's elements, all together. */
static int elements_of(struct ttlog_cbor item, struct ttlog_cbor *ret, uint64_t *ret_cnt)
{
	if (!item.at) {
		*ret_cnt = 0;
		return 0;
	}
	*ret = item;
	return cbor_reader__array(ret, ret_cnt);
}

static int append(struct segment_table *list, struct ttlog_cbor elements, uint64_t cnt)
{
	const size_t len = cnt ? cbor_reader__left(&elements) : 0;

	if (!len)
		return 0;
	if (list->len + len > FORMAT_HEADER_MAX_BYTES)
		return -EBADMSG;
	if (array__reserve(list->bytes, list->len + len, &list->cap))
		return -ENOMEM;
	memcpy(list->bytes + list->len, elements.at, len);
	list->len += len;
	list->cnt += cnt;
	return 0;
}

/* Their numbers go on from those of earlier items. If one of these is damaged, they would be wrong:
 * then none are taken. */
static int find_stacks(const struct segment_tables *tables, struct ttlog_cbor stacks,
		       struct ttlog_cbor *found)
{
	struct ttlog_cbor mine[SEGMENT_TABLE_CNT] = { 0 };
	uint64_t first_frame = 0, first_list = 0;
	const struct cbor_member members[] = {
		{ "first_frame", .number = &first_frame },
		{ "first_list", .number = &first_list },
		{ "frames", .item = &mine[SEGMENT_STACK_FRAMES] },
		{ "lists", .item = &mine[SEGMENT_STACK_LISTS] },
		{ "events", .item = &mine[SEGMENT_STACK_EVENTS] },
	};
	int err = cbor_reader__members(members, ARRAY_SIZE(members), &stacks);

	if (err || first_frame != tables->lists[SEGMENT_STACK_FRAMES].cnt ||
	    first_list != tables->lists[SEGMENT_STACK_LISTS].cnt)
		return err;
	for (size_t i = SEGMENT_STACK_FRAMES; i < SEGMENT_TABLE_CNT; i++)
		found[i] = mine[i];
	return 0;
}

int segment_tables__add(struct segment_tables *tables, const unsigned char *item, size_t len)
{
	struct ttlog_cbor in = { item, item + len }, stacks = { NULL, NULL };
	struct ttlog_cbor found[SEGMENT_TABLE_CNT] = { 0 }, elements[SEGMENT_TABLE_CNT] = { 0 };
	uint64_t cnts[SEGMENT_TABLE_CNT], missed = tables->missed;
	const struct cbor_member members[] = {
		{ "sites", .item = &found[SEGMENT_SITES] },
		{ "threads", .item = &found[SEGMENT_THREADS] },
		{ "modules", .item = &found[SEGMENT_MODULES] },
		{ STACKS, .item = &stacks },
		{ "missed", .number = &missed },
	};
	int err = cbor_reader__members(members, ARRAY_SIZE(members), &in);

	if (!err && stacks.at)
		err = find_stacks(tables, stacks, found);
	for (size_t i = 0; i < SEGMENT_TABLE_CNT && !err; i++)
		err = elements_of(found[i], &elements[i], &cnts[i]);
	for (size_t i = 0; i < SEGMENT_TABLE_CNT && !err; i++)
		err = append(&tables->lists[i], elements[i], cnts[i]);
	if (!err)
		tables->missed = missed;
	return err;
}

/* ---- the header ---- */

/* The head of an array or a map, in its longest form. */
static unsigned char *put_head(unsigned char *to, unsigned kind, uint64_t cnt)
{
	*to++ = (unsigned char)(kind << 5 | 27);
	for (int shift = 56; shift >= 0; shift -= 8)
		*to++ = (unsigned char)(cnt >> shift);
	return to;
}

static unsigned char *put_key(unsigned char *to, const char *key)
{
	const size_t len = strlen(key);

	*to++ = (unsigned char)(0x60 | len);
	memcpy(to, key, len);
	return to + len;
}

static unsigned char *put_table(unsigned char *to, const struct segment_table *list)
{
	to = put_head(put_key(to, list->key), CBOR_ARRAY, list->cnt);
	if (list->len)
		memcpy(to, list->bytes, list->len);
	return to + list->len;
}

static bool is_table(struct ttlog_text key)
{
	return ttlog_text_is(key, "sites") || ttlog_text_is(key, "threads") ||
	       ttlog_text_is(key, "modules") || ttlog_text_is(key, STACKS);
}

/* All of the header but tables. Returns how many pairs, or -EBADMSG. */
static int64_t copy_pairs(unsigned char **to, const unsigned char *header, size_t len)
{
	struct ttlog_cbor in = { header, header + len };
	uint64_t pairs;
	int64_t kept = 0;

	if (cbor_reader__map(&in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		const unsigned char *from = in.at;
		struct ttlog_cbor value;
		struct ttlog_text key;

		if (cbor_reader__text(&in, &key) || cbor_reader__span(&in, &value))
			return -EBADMSG;
		if (is_table(key))
			continue;
		memcpy(*to, from, (size_t)(in.at - from));
		*to += in.at - from;
		kept++;
	}
	return kept;
}

int segment_tables__compose(const struct segment_tables *tables, const unsigned char *header,
			    size_t len, unsigned char **ret, size_t *ret_len)
{
	const bool has_stacks = tables->lists[SEGMENT_STACK_EVENTS].cnt > 0;
	const size_t cnt = has_stacks ? SEGMENT_TABLE_CNT : SEGMENT_STACK_FRAMES;
	size_t room = len + 2 * HEAD_BYTES + 16;
	unsigned char *bytes, *to;
	int64_t pairs;

	for (size_t i = 0; i < SEGMENT_TABLE_CNT; i++)
		room += tables->lists[i].len + 16 + HEAD_BYTES;
	bytes = malloc(room);
	if (!bytes)
		return -ENOMEM;
	to = bytes + HEAD_BYTES;
	pairs = copy_pairs(&to, header, len);
	if (pairs < 0) {
		free(bytes);
		return -EBADMSG;
	}
	(void)put_head(bytes, CBOR_MAP, (uint64_t)pairs + SEGMENT_STACK_FRAMES + has_stacks);
	for (size_t i = 0; i < cnt; i++) {
		if (i == SEGMENT_STACK_FRAMES)
			to = put_head(put_key(to, STACKS), CBOR_MAP, cnt - i);
		to = put_table(to, &tables->lists[i]);
	}
	*ret = bytes;
	*ret_len = (size_t)(to - bytes);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_reader.h"
#include "format.h"
#include "frame.h"
#include "reader_parts.h"
#include "segment_header.h"
#include "segment_scan.h"
#include "stream_mark.h"

/* Damage may have hit the first mark: one is looked for so far. */
#define LOOK_BYTES ((uint64_t)64 << 10)
#define PART       ".part"

typedef unsigned long long ull;

/* A copy of an item. */
struct bytes {
	unsigned char *at;
	size_t len;
};

struct scan {
	struct ttlog_snapshot *reader;
	struct segment_tables tables;
	struct bytes header, end;
	struct frame end_frame;
	uint64_t offset;
	bool is_over; /* nothing that follows counts */
};

static int keep(struct bytes *bytes, const struct frame *frame)
{
	unsigned char *copy = malloc(frame->len ? frame->len : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, frame->content, frame->len);
	free(bytes->at);
	bytes->at = copy;
	bytes->len = frame->len;
	return 0;
}

/* The item at that offset, checked. 0; -EBADMSG, which is reported; -errno. */
static int read_item(struct scan *scan, uint64_t offset, struct frame *ret)
{
	struct ttlog_snapshot *reader = scan->reader;
	uint64_t items = 0;
	int err = frame_file__at(reader->file, offset, ret);

	if (!err &&
	    (!cbor_reader__check(ret->content, ret->len, &items) || items > reader->item_budget))
		err = -EBADMSG;
	if (!err)
		reader->item_budget -= items;
	if (err == -EBADMSG)
		reader__problem(reader,
				"damaged from byte %llu on: what its mark says is not there",
				(ull)offset);
	return err;
}

static int take_header(struct scan *scan, const struct frame *frame)
{
	if (scan->header.at) {
		reader__problem(
			scan->reader,
			"another header at byte %llu: what follows is another snapshot's, and passed over",
			(ull)frame->offset);
		scan->is_over = true;
		return 0;
	}
	return keep(&scan->header, frame);
}

static int take_tables(struct scan *scan, const struct frame *frame)
{
	int err = segment_tables__add(&scan->tables, frame->content, frame->len);

	if (err == -EBADMSG)
		reader__problem(
			scan->reader,
			"the tables at byte %llu are not valid: from there on events may have no site",
			(ull)frame->offset);
	return err == -EBADMSG ? 0 : err;
}

static int take_end(struct scan *scan, const struct frame *frame)
{
	scan->end_frame = *frame;
	return keep(&scan->end, frame);
}

static int take_chunk(struct scan *scan, const struct stream_mark *mark, uint64_t offset)
{
	if (!mark->events || mark->events > FORMAT_CHUNK_MAX_EVENTS ||
	    mark->first_ns > mark->last_ns) {
		reader__problem(scan->reader, "the mark of the chunk at byte %llu is not valid",
				(ull)offset);
		return 0;
	}
	return reader__add_place(scan->reader, &(const struct ttlog_chunk_place){
						       .offset = offset,
						       .first_ns = mark->first_ns,
						       .last_ns = mark->last_ns,
						       .n = mark->events,
					       });
}

/* What is after a mark. */
static int take_marked(struct scan *scan, const struct stream_mark *mark, uint64_t offset)
{
	struct frame frame;
	int err;

	if (mark->kind == STREAM_MARK_CHUNK)
		return take_chunk(scan, mark, offset);
	err = read_item(scan, offset, &frame);
	if (err)
		return err == -EBADMSG ? 0 : err;
	if (mark->kind == STREAM_MARK_HEADER)
		return take_header(scan, &frame);
	return mark->kind == STREAM_MARK_TABLES ? take_tables(scan, &frame)
						: take_end(scan, &frame);
}

/* No mark is here: goes on at the next one. */
static int pass_damage(struct scan *scan)
{
	struct ttlog_snapshot *reader = scan->reader;
	const uint64_t size = reader->contents.size, from = scan->offset;
	int err = frame_file__find_mark(reader->file, from + 1, size, &scan->offset);

	if (err)
		return err;
	if (scan->offset < size)
		reader__problem(reader, "damaged from byte %llu to %llu: there is no mark",
				(ull)from, (ull)scan->offset);
	else if (!reader->contents.is_open)
		reader__problem(reader, "cut: what begins at byte %llu is not whole (%llu bytes)",
				(ull)from, (ull)(size - from));
	return 0;
}

/* One mark, and what it stands for. */
static int step(struct scan *scan)
{
	struct ttlog_snapshot *reader = scan->reader;
	const uint64_t size = reader->contents.size;
	struct stream_mark mark;
	uint64_t at;
	int found = frame_file__mark(reader->file, scan->offset, &mark), err;

	if (found < 0)
		return found;
	at = scan->offset + STREAM_MARK_BYTES;
	if (found && mark.kind == STREAM_MARK_LAST) {
		if (at < size)
			reader__problem(reader, "%llu bytes follow the end, and are passed over",
					(ull)(size - at));
		scan->is_over = true;
		return 0;
	}
	if (!found || mark.bytes > size - at)
		return pass_damage(scan);
	err = take_marked(scan, &mark, at);
	scan->offset = at + mark.bytes;
	reader->frame_cnt++;
	return err;
}

/* ---- the header ---- */

/* The copy in the end has what came later. */
static int find_header(struct scan *scan, struct bytes *ret)
{
	struct ttlog_cbor in, header = { NULL, NULL };
	const struct cbor_member members[] = { { "header", .item = &header } };

	*ret = scan->header;
	if (!scan->end.at)
		return ret->at ? 0 : -ENODATA;
	in = (struct ttlog_cbor){ scan->end.at, scan->end.at + scan->end.len };
	if (!cbor_reader__members(members, 1, &in) && header.at)
		*ret = (struct bytes){ (unsigned char *)header.at, cbor_reader__left(&header) };
	return ret->at ? 0 : -ENODATA;
}

/* 0 or -errno: -ENOTSUP: this reader must refuse the file. Else, if there is none, it is reported. */
static int make_header(struct scan *scan)
{
	struct ttlog_snapshot *reader = scan->reader;
	unsigned char *composed = NULL;
	struct bytes found;
	char why[160];
	size_t len;
	int err;

	if (find_header(scan, &found))
		return 0;
	err = segment_tables__compose(&scan->tables, found.at, found.len, &composed, &len);
	if (!err)
		err = reader__init_header(reader, composed, len, why, sizeof(why));
	else if (err == -EBADMSG)
		snprintf(why, sizeof(why), "it is no map");
	free(composed);
	if (err && err != -ENOMEM)
		reader__problem(reader, "the header cannot be read: %s", why);
	return err == -EBADMSG ? 0 : err;
}

static int take_all(struct scan *scan)
{
	struct ttlog_snapshot *reader = scan->reader;
	int err = 0;

	while (!err && !scan->is_over && scan->offset < reader->contents.size)
		err = step(scan);
	reader->offset = reader->contents.scanned_bytes = scan->offset;
	if (!err)
		err = make_header(scan);
	reader->contents.missed = scan->tables.missed;
	scan->end_frame.content = scan->end.at;
	if (!err && scan->end.at)
		err = reader__take_end(reader, &scan->end_frame);
	frame_file__trim(reader->file);
	return err;
}

static bool is_open_name(const char *name)
{
	const size_t len = strlen(name);

	return len > strlen(PART) && !strcmp(name + len - strlen(PART), PART);
}

int segment_scan__all(struct ttlog_snapshot *reader)
{
	const uint64_t size = reader->contents.size;
	const uint64_t end = size < LOOK_BYTES ? size : LOOK_BYTES;
	struct scan scan = { .reader = reader };
	int err = frame_file__find_mark(reader->file, 0, end, &scan.offset);

	if (err || scan.offset == end)
		return err;
	/* what is before it is reported */
	scan.offset = 0;
	reader->is_segment = true;
	reader->contents.is_open = is_open_name(reader->name);
	segment_tables__init(&scan.tables);
	err = take_all(&scan);
	if (!err)
		reader__end_scan(reader);
	else if (err == -ENOTSUP)
		err = 0;
	reader->contents.is_scanned = !err;
	segment_tables__fini(&scan.tables);
	free(scan.header.at);
	free(scan.end.at);
	return err;
}

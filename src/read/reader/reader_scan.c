/* SPDX-License-Identifier: MIT */
/* The first pass over a file: its frames, one after another, and what is wrong with them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "format.h"
#include "frame.h"
#include "reader_parts.h"

#define MAX_PROBLEMS 100u

#define ITEMS_PER_EVENT 40u /* enough for events of 16 texts */

/* The least that the tables of a segment may take; of a snapshot it is less. */
#define SEGMENT_TABLES_BYTES ((size_t)24 << 20)

typedef unsigned long long ull;

/* Takes ownership of text if it returns 0. */
static int add_problem(struct ttlog_snapshot *reader, char *text)
{
	if (reader->contents.problem_cnt == MAX_PROBLEMS)
		return -ENOSPC;
	if (array__reserve(reader->problems, reader->contents.problem_cnt + 1,
			   &reader->problem_cap))
		return -ENOMEM;
	reader->contents.problems = (const char *const *)reader->problems;
	reader->problems[reader->contents.problem_cnt++] = text;
	return 0;
}

void reader__problem(struct ttlog_snapshot *reader, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	/* a chunk that is read twice reports its problem twice */
	for (size_t i = 0; text && i < reader->contents.problem_cnt; i++) {
		if (!strcmp(reader->problems[i], text)) {
			free(text);
			return;
		}
	}
	if (text && !add_problem(reader, text))
		return;
	free(text);
	reader->contents.problem_more++;
}

const char *reader__in_words(int err)
{
	return err == -ESTALE ? "it was changed, replaced or removed since it was opened"
			      : strerror(-err);
}

/* ---- The first pass ---- */

/* The value of "item", the first key. Empty: there is none. */
static struct ttlog_text item_of(const struct frame *frame)
{
	struct ttlog_cbor in = { frame->content, frame->content + frame->len };
	struct ttlog_text key, item;
	uint64_t pairs;

	if (cbor_reader__map(&in, &pairs) || !pairs || cbor_reader__text(&in, &key) ||
	    !ttlog_text_is(key, "item") || cbor_reader__text(&in, &item))
		return ttlog_text_of("");
	return item;
}

int reader__add_place(struct ttlog_snapshot *reader, const struct ttlog_chunk_place *place)
{
	if (array__reserve(reader->places, reader->contents.chunk_cnt + 1, &reader->chunk_cap))
		return -ENOMEM;
	reader->contents.chunks = reader->places;
	reader->places[reader->contents.chunk_cnt++] = *place;
	reader->contents.event_cnt += place->n;
	return 0;
}

static int add_chunk(struct ttlog_snapshot *reader, const struct frame *frame)
{
	const struct chunk *chunk = &reader->chunk;
	const struct ttlog_chunk_place *before;
	const char *why = "it is too large";
	int err = -EBADMSG;

	if (frame->len <= FORMAT_CHUNK_MAX_BYTES)
		err = chunk__parse(&reader->chunk, frame->content, frame->len, &why);
	if (err == -EBADMSG) {
		reader__problem(reader, "the chunk at byte %llu is not valid: %s",
				(ull)frame->offset, why);
		return 0;
	}
	if (err)
		return err;
	before = reader->contents.chunk_cnt ? &reader->places[reader->contents.chunk_cnt - 1]
					    : NULL;
	if (before && chunk->events.first_ns < before->last_ns)
		reader__problem(reader,
				"the chunk at byte %llu begins before the one before it ends",
				(ull)frame->offset);
	reader->item_budget += (uint64_t)chunk->events.n * ITEMS_PER_EVENT;
	reader->parsed = reader->contents.chunk_cnt;
	err = reader__add_place(reader, &(const struct ttlog_chunk_place){
						.offset = frame->offset,
						.first_ns = chunk->events.first_ns,
						.last_ns = chunk->events.last_ns,
						.n = chunk->events.n,
					});
	if (err)
		return err;
	return 0;
}

static int keep_lost(struct ttlog_snapshot *reader, struct ttlog_cbor lost)
{
	size_t len = cbor_reader__left(&lost);
	unsigned char *copy;

	if (reader->end_lost || *lost.at >> 5 != 5)
		return -EBADMSG;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, lost.at, len);
	reader->end_lost = copy;
	reader->contents.lost_item = (struct ttlog_cbor){ copy, copy + len };
	return details__parse_lost(&reader->lost, reader->contents.lost_item, &reader->end_arena);
}

int reader__init_header(struct ttlog_snapshot *reader, const unsigned char *data, size_t len,
			char *ret_why, size_t why_size)
{
	size_t max_bytes =
		FORMAT_TABLES_BASE_BYTES + FORMAT_TABLES_PER_BYTE * (size_t)reader->contents.size;

	/* what is in a segment, compressed, may take more memory than its first bytes allow */
	if (reader->is_segment)
		max_bytes += SEGMENT_TABLES_BYTES;
	return header__init(
		&reader->header, data, len,
		&(const struct header_limits){
			.max_bytes = max_bytes,
			.known_bits = reader->is_segment ? FORMAT_KNOWN_BITS : FORMAT_NULLS,
		},
		ret_why, why_size);
}

static int header_of_end(struct ttlog_snapshot *reader, struct ttlog_cbor header)
{
	char why[160];
	int err;

	/* segment_scan.c has made it of all parts */
	if (reader->is_segment)
		return 0;
	if (reader->header.info.has_header)
		return 0;
	err = reader__init_header(reader, header.at, cbor_reader__left(&header), why, sizeof(why));
	if (err == -ENOMEM)
		return err;
	reader__problem(reader, "%s%s",
			err ? "the copy of the header at the end is not valid either: "
			    : "the header is taken from its copy at the end",
			err ? why : "");
	return 0;
}

static int end_key(struct ttlog_snapshot *reader, struct ttlog_text key, struct ttlog_cbor *in,
		   bool *ret_has_accounts)
{
	struct ttlog_cbor lost = { NULL, NULL }, header = { NULL, NULL };
	const struct cbor_member members[] = {
		{ "events", .number = &reader->end_events },
		{ "chunks", .number = &reader->end_chunks },
		{ "emitted", .number = &reader->contents.emitted, .has = ret_has_accounts },
		{ "recorded", .number = &reader->contents.recorded },
		{ "overwritten", .number = &reader->contents.overwritten },
		{ "lost", .item = &lost },
		{ "missed", .number = &reader->contents.missed },
		{ "unread", .number = &reader->contents.unread },
		{ "suppressed", .number = &reader->contents.suppressed },
		{ "header", .item = &header },
	};
	int err = cbor_reader__member(members, ARRAY_SIZE(members), key, in);

	if (lost.at)
		return keep_lost(reader, lost);
	return header.at ? header_of_end(reader, header) : err;
}

int reader__take_end(struct ttlog_snapshot *reader, const struct frame *frame)
{
	struct ttlog_cbor in = { frame->content, frame->content + frame->len };
	uint64_t pairs = 0;
	bool has_accounts = false;
	int err = cbor_reader__map(&in, &pairs);

	reader->end_events = UINT64_MAX;
	for (uint64_t i = 0; !err && i < pairs; i++) {
		struct ttlog_text key;

		err = cbor_reader__text(&in, &key);
		if (!err)
			err = end_key(reader, key, &in, &has_accounts);
	}
	if (err == -ENOMEM)
		return err;
	if (err || reader->end_events == UINT64_MAX) {
		reader__problem(reader, "the end item at byte %llu is not valid",
				(ull)frame->offset);
		return 0;
	}
	reader->has_end = true;
	/* the end of a segment that its collector could not end has none */
	reader->contents.has_totals = has_accounts || !reader->is_segment;
	return 0;
}

static int take_header(struct ttlog_snapshot *reader, const struct frame *frame)
{
	char why[160];
	int err;

	if (reader->frame_cnt) {
		reader__problem(
			reader,
			"another header at byte %llu: what follows is another snapshot's, and passed over",
			(ull)frame->offset);
		reader->is_given_up = true;
		return 0;
	}
	err = reader__init_header(reader, frame->content, frame->len, why, sizeof(why));
	/* chunks are smaller */
	frame_file__trim(reader->file);
	if (err == -ENOMEM)
		return err;
	if (err)
		reader__problem(reader, "the header cannot be read: %s", why);
	return err == -ENOTSUP ? err : 0;
}

static int take_frame(struct ttlog_snapshot *reader, const struct frame *frame)
{
	struct ttlog_text item;
	uint64_t items;
	bool is_sound = cbor_reader__check(frame->content, frame->len, &items);

	if (items > reader->item_budget) {
		reader__problem(
			reader,
			"from byte %llu on it holds far more than its events take: passed over",
			(ull)frame->offset);
		reader->is_given_up = true;
		return 0;
	}
	reader->item_budget -= items;
	if (!is_sound) {
		reader__problem(reader, "the frame from byte %llu to %llu holds no valid CBOR item",
				(ull)frame->offset, (ull)frame->end);
		return 0;
	}
	item = item_of(frame);
	if (ttlog_text_is(item, "chunk"))
		return add_chunk(reader, frame);
	if (ttlog_text_is(item, "end"))
		return reader__take_end(reader, frame);
	if (ttlog_text_is(item, "header"))
		return take_header(reader, frame);
	reader__problem(reader, "the frame at byte %llu is neither header, chunk nor end",
			(ull)frame->offset);
	return 0;
}

static void report_damage(struct ttlog_snapshot *reader, const struct frame_damage *damage,
			  bool at_end)
{
	if (damage->gave_up_at)
		reader__problem(
			reader,
			"damaged from byte %llu on (%s); the search was given up at byte %llu",
			(ull)damage->from, damage->why, (ull)damage->gave_up_at);
	else if (at_end && !strcmp(damage->why, "the file is cut"))
		reader__problem(reader, "cut: what begins at byte %llu is not whole (%llu bytes)",
				(ull)damage->from, (ull)(damage->to - damage->from));
	else
		reader__problem(reader, "damaged from byte %llu to %llu: %s", (ull)damage->from,
				(ull)damage->to, damage->why);
}

/* Returns 1; 0: no later frame counts; or -errno. */
static int scan_frame(struct ttlog_snapshot *reader)
{
	struct frame_damage damage;
	struct frame frame;
	int found, err;

	/* The frame overwrites the bytes of the loaded chunk. */
	reader->parsed = reader->loaded = SIZE_MAX;
	found = frame_file__next(reader->file, reader->offset, &frame, &damage);
	if (found < 0)
		return found;
	if (damage.to > damage.from)
		report_damage(reader, &damage, !found);
	if (!found)
		return 0;
	if (reader->has_end) {
		reader__problem(reader, "%llu bytes follow the end item, and are passed over",
				(ull)(reader->contents.size - reader->offset));
		return 0;
	}
	err = take_frame(reader, &frame);
	if (err)
		return err;
	if (reader->is_given_up)
		return 0;
	reader->frame_cnt++;
	reader->offset = reader->contents.scanned_bytes = frame.end;
	return 1;
}

/* Reports what is missing, after the last frame. */
static void conclude(struct ttlog_snapshot *reader)
{
	/* chunks that could not be loaded have been reported */
	uint64_t cnt = reader->contents.event_cnt + reader->unloadable_cnt;

	if (!reader->contents.size)
		reader__problem(reader, "the file is empty");
	else if (!reader->frame_cnt)
		reader__problem(reader, "nothing in it is whole: is this a ttlog snapshot?");
	else if (!reader->header.info.has_header)
		reader__problem(reader, "there is no header: its %llu events cannot be shown",
				(ull)cnt);
	if (!reader->frame_cnt)
		return;
	/* it is being written, or its collector was killed */
	if (!reader->has_end && reader->contents.is_open)
		return;
	if (!reader->has_end)
		reader__problem(
			reader,
			"there is no end: the file is cut or damaged; %llu events were read",
			(ull)cnt);
	else if (reader->end_events > cnt)
		reader__problem(reader, "%llu of %llu events are missing",
				(ull)(reader->end_events - cnt), (ull)reader->end_events);
	else if (reader->end_events != cnt || reader->end_chunks != reader->contents.chunk_cnt)
		reader__problem(reader,
				"the end says %llu events in %llu chunks, there are %llu in %zu",
				(ull)reader->end_events, (ull)reader->end_chunks, (ull)cnt,
				reader->contents.chunk_cnt);
}

void reader__end_scan(struct ttlog_snapshot *reader)
{
	reader->contents.is_scanned = true;
	conclude(reader);
	if (reader->header.info.has_header && !reader->has_end && reader->header.has_totals) {
		reader->contents.has_totals = true;
		reader->contents.emitted = reader->header.emitted;
		reader->contents.recorded = reader->header.recorded;
		reader->contents.overwritten = reader->header.overwritten;
		reader->contents.unread = reader->header.unread;
		reader->contents.suppressed = reader->header.suppressed;
	}
	if (reader->header.info.has_header && !reader->contents.lost_item.at) {
		reader->contents.lost_item = reader->header.lost_item;
		reader->contents.lost = &reader->header.lost;
	}
}

/* Takes one frame or the end. Returns 0 or -errno. */
int reader__scan_on(struct ttlog_snapshot *reader)
{
	int more = scan_frame(reader);

	if (more == -ENOTSUP) {
		/* has been reported; nothing may be shown */
		reader->contents.is_scanned = true;
		return 0;
	}
	if (!more)
		reader__end_scan(reader);
	return more < 0 ? more : 0;
}

bool ttlog_snapshot_has_chunk(struct ttlog_snapshot *snapshot, size_t idx)
{
	while (!snapshot->contents.is_scanned && snapshot->contents.chunk_cnt <= idx) {
		int err = reader__scan_on(snapshot);

		if (!err)
			continue;
		reader__problem(snapshot, "it cannot be read from byte %llu on: %s",
				(ull)snapshot->offset, reader__in_words(err));
		snapshot->contents.is_scanned = true;
	}
	return idx < snapshot->contents.chunk_cnt;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "catalog.h"
#include "chunk_out.h"
#include "clock.h"
#include "format.h"
#include "segment_out.h"
#include "snapshot_source.h"
#include "stacks_out.h"
#include "stream_block.h"
#include "stream_mark.h"

#define BLOCK_BYTES ((size_t)1 << 20) /* a fuller block is handed over */
#define NS_PER_MS   1000000u

void segment_room__fini(struct segment_room *room)
{
	cbor_out__fini(&room->item);
	cbor_out__fini(&room->header);
	frame_out__fini(&room->frame);
}

static int reserve(const struct segment_out *out, struct segment_room *room, size_t bytes)
{
	struct stream_block *block = room->block;

	if (!block) {
		block = calloc(1, sizeof(*block));
		if (!block)
			return -ENOMEM;
		block->segment = out->segment;
		room->block = block;
	}
	return array__reserve(block->bytes, block->len + bytes, &block->capacity) ? -ENOMEM : 0;
}

void segment_out__flush(struct segment_out *out, struct segment_room *room, uint64_t covers_ns)
{
	struct stream_block *block;

	/* also an empty one, for what it says */
	if (!room->block && covers_ns && out->segment)
		(void)reserve(out, room, 0);
	block = room->block;
	if (!block)
		return;
	block->covers_ns = covers_ns;
	room->block = NULL;
	room->take(room->ctx, block);
}

/* A mark and the frame of an item. */
static int put(struct segment_out *out, struct segment_room *room, struct stream_mark *mark,
	       const struct cbor_out *item, size_t max_bytes)
{
	struct stream_block *block;
	size_t bytes = 0;
	int err = item->error;

	if (!err && item->len > max_bytes)
		err = -E2BIG;
	if (!err)
		err = frame_out__make(&room->frame, item->bytes, item->len, &bytes);
	if (!err)
		err = reserve(out, room, STREAM_MARK_BYTES + bytes);
	if (err)
		return err;
	block = room->block;
	mark->bytes = bytes;
	stream_mark__put(mark, block->bytes + block->len);
	memcpy(block->bytes + block->len + STREAM_MARK_BYTES, room->frame.bytes, bytes);
	block->len += STREAM_MARK_BYTES + bytes;
	block->events += mark->events;
	out->bytes += STREAM_MARK_BYTES + bytes;
	return 0;
}

static void drop_block(struct segment_room *room)
{
	if (room->block)
		free(room->block->bytes);
	free(room->block);
	room->block = NULL;
}

void stream_segment__free(struct stream_segment *segment)
{
	cbor_out__fini(&segment->sealed);
	free(segment->service);
	free(segment);
}

static struct stream_segment *make_segment(struct segment_out *out, struct stream *stream,
					   const struct snapshot_source *source)
{
	const char *service = source->service ? source->service : source->comm;
	struct stream_segment *segment = calloc(1, sizeof(*segment));

	out->last = segment ? calloc(1, sizeof(*out->last)) : NULL;
	if (!out->last) {
		free(segment);
		return NULL;
	}
	segment->stream = stream;
	segment->file.fd = -1;
	segment->service = service ? strdup(service) : NULL;
	header_out__put_label(&segment->sealed, source, &out->created);
	segment->real_ms = out->created.real_ns / NS_PER_MS;
	out->last->segment = segment;
	return segment;
}

int segment_out__begin(struct segment_out *out, struct segment_room *room, struct stream *stream,
		       const struct snapshot_source *source)
{
	struct stream_mark mark = { .kind = STREAM_MARK_HEADER };
	int err;

	*out = (struct segment_out){
		.place = out->place,
		.created = {
			.mono_ns = clock__now_mono_ns(),
			.real_ns = clock__now_real_ns(),
		},
		.told_missed = out->place.missed,
	};
	clock__real_error(&out->created.error);
	out->segment = make_segment(out, stream, source);
	if (!out->segment)
		return -ENOMEM;
	cbor_out__reset(&room->item);
	header_out__put_stream(&room->item, source, &out->created, &out->place);
	err = put(out, room, &mark, &room->item, FORMAT_HEADER_MAX_BYTES);
	if (err) {
		drop_block(room);
		free(out->last);
		stream_segment__free(out->segment);
		out->last = NULL;
		out->segment = NULL;
	}
	return err;
}

int segment_out__tables(struct segment_out *out, struct segment_room *room,
			const struct snapshot_source *source, const struct catalog *catalog,
			struct stacks_out *stacks, uint64_t missed)
{
	struct stream_mark mark = { .kind = STREAM_MARK_TABLES };
	const struct header_tables tables = {
		.first_site = out->sites,
		.first_thread = out->threads,
		.missed = missed,
		.stacks = stacks,
	};
	int err;

	if (out->sites == catalog->site_cnt && out->threads == catalog->thread_cnt &&
	    out->told_missed == missed && !stacks_out__is_new(stacks))
		return 0;
	cbor_out__reset(&room->item);
	header_out__put_tables(&room->item, source, catalog, &tables);
	err = put(out, room, &mark, &room->item, FORMAT_HEADER_MAX_BYTES);
	if (err)
		return err;
	out->sites = catalog->site_cnt;
	out->threads = catalog->thread_cnt;
	out->told_missed = missed;
	return 0;
}

static void add_totals(struct header_totals *totals, const struct stream_mark *mark)
{
	if (!totals->events || mark->first_ns < totals->first_ns)
		totals->first_ns = mark->first_ns;
	if (mark->last_ns > totals->last_ns)
		totals->last_ns = mark->last_ns;
	totals->events += mark->events;
	totals->chunks++;
}

int segment_out__chunk(struct segment_out *out, struct segment_room *room, struct chunk_out *chunk)
{
	struct stream_mark mark = {
		.kind = STREAM_MARK_CHUNK,
		.events = (uint32_t)chunk_out__cnt(chunk),
		.first_ns = chunk_out__first_ns(chunk),
		.last_ns = chunk_out__last_ns(chunk),
	};
	int err;

	cbor_out__reset(&room->item);
	chunk_out__put(chunk, &room->item);
	err = put(out, room, &mark, &room->item, FORMAT_CHUNK_MAX_BYTES);
	if (err)
		return err;
	add_totals(&out->totals, &mark);
	if (room->block->len >= BLOCK_BYTES)
		segment_out__flush(out, room, 0);
	return 0;
}

/* The end, and the mark that is last in the file. */
static int put_end(struct segment_out *out, struct segment_room *room,
		   const struct snapshot_source *source, uint64_t missed)
{
	struct stream_mark mark = { .kind = STREAM_MARK_END };
	const struct stream_mark last = {
		.kind = STREAM_MARK_LAST,
		.bytes = out->bytes,
		.first_ns = out->totals.first_ns,
		.last_ns = out->totals.last_ns,
	};
	int err;

	cbor_out__reset(&room->header);
	header_out__put_stream(&room->header, source, &out->created, &out->place);
	cbor_out__reset(&room->item);
	header_out__put_end(&room->item, source, &out->totals, &room->header, missed);
	err = put(out, room, &mark, &room->item, FORMAT_HEADER_MAX_BYTES);
	if (!err)
		err = reserve(out, room, STREAM_MARK_BYTES);
	if (err)
		return err;
	stream_mark__put(&last, room->block->bytes + room->block->len);
	room->block->len += STREAM_MARK_BYTES;
	return 0;
}

void segment_out__end(struct segment_out *out, struct segment_room *room,
		      const struct snapshot_source *source, uint64_t missed)
{
	if (!out->segment)
		return;
	/* without memory it has no end, and is complete all the same: what is in it can be read */
	(void)put_end(out, room, source, missed);
	if (room->block)
		free(out->last);
	else
		room->block = out->last;
	out->last = NULL;
	room->block->ends = true;
	segment_out__flush(out, room, 0);
	out->segment = NULL;
	out->place.segment++;
	out->place.missed = missed;
}

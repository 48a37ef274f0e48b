/* SPDX-License-Identifier: MIT */
/*
 * The pipeline of snapshot.c with a filter in it, and an end after every chunk.
 *
 * Sites of which no record can match are passed over when the catalog is made, so their records
 * are not even put in order; the header may name sites of which no record did match in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catalog.h"
#include "cbor_out.h"
#include "chunk_out.h"
#include "clock.h"
#include "format.h"
#include "frame_out.h"
#include "header_out.h"
#include "live_chunk.h"
#include "merge.h"
#include "record_filter.h"
#include "ring.h"
#include "snapshot_source.h"

#define ASK_AGAIN_EVENTS 4096u

struct maker {
	const struct snapshot_source *source;
	const struct record_filter *filter;
	const struct live_chunk_sink *sink;
	struct header_time created;
	struct catalog *catalog;
	struct merge *merge;
	struct chunk_out *chunk;
	enum expr_truth *verdicts; /* by site's number */
	struct cbor_out header, item;
	struct frame_out frame;
	uint64_t dropped;
};

static bool wants(const void *ctx, const struct catalog_site *site)
{
	return record_filter__site(ctx, site) != EXPR_NO;
}

/* 0 or -errno; maker__fini() is right after both. */
static int maker__init(struct maker *maker)
{
	const struct catalog_choice choice = { .wants = wants, .ctx = maker->filter };
	const struct snapshot_source *source = maker->source;
	uint32_t site_cnt;

	maker->created.mono_ns = clock__now_mono_ns();
	maker->created.real_ns = clock__now_real_ns();
	maker->catalog = catalog__new(source->events, source->modules, source->module_cnt,
				      source->thread_cnt, &choice);
	if (!maker->catalog)
		return -errno;
	maker->merge = merge__new(source->events, maker->catalog, source->clock);
	maker->chunk = maker->merge ? chunk_out__new(maker->catalog, CHUNK_OUT_MAX_BYTES) : NULL;
	if (!maker->chunk)
		return -errno;
	site_cnt = (uint32_t)catalog__site_cnt(maker->catalog);
	maker->verdicts = calloc((size_t)site_cnt + 1, sizeof(*maker->verdicts));
	if (!maker->verdicts)
		return -ENOMEM;
	for (uint32_t i = 0; i < site_cnt; i++)
		maker->verdicts[i] =
			record_filter__site(maker->filter, catalog__site(maker->catalog, i));
	return 0;
}

static void maker__fini(struct maker *maker)
{
	frame_out__fini(&maker->frame);
	cbor_out__fini(&maker->item);
	cbor_out__fini(&maker->header);
	free(maker->verdicts);
	chunk_out__free(maker->chunk);
	merge__free(maker->merge);
	catalog__free(maker->catalog);
}

static int write_item(struct maker *maker, int fd, const struct cbor_out *item, size_t max_bytes)
{
	if (item->error)
		return item->error;
	if (item->len > max_bytes)
		return -E2BIG;
	return frame_out__write(&maker->frame, fd, item->bytes, item->len);
}

static int write_chunk(struct maker *maker, int fd, const struct header_totals *totals)
{
	int err;

	if (!maker->header.len)
		header_out__put(&maker->header, maker->source, maker->catalog, &maker->created,
				NULL);
	err = write_item(maker, fd, &maker->header, FORMAT_HEADER_MAX_BYTES);
	if (!err)
		err = write_item(maker, fd, &maker->item, FORMAT_CHUNK_MAX_BYTES);
	if (err)
		return err;
	cbor_out__reset(&maker->item);
	header_out__put_end(&maker->item, maker->source, totals, &maker->header);
	err = write_item(maker, fd, &maker->item, FORMAT_HEADER_MAX_BYTES);
	if (!err &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	return err;
}

/* Of the chunk, which is empty afterwards. */
static void hand_over(struct maker *maker)
{
	const struct header_totals totals = {
		.events = chunk_out__cnt(maker->chunk),
		.chunks = 1,
		.first_ns = chunk_out__first_ns(maker->chunk),
		.last_ns = chunk_out__last_ns(maker->chunk),
	};
	int fd;

	cbor_out__reset(&maker->item);
	chunk_out__put(maker->chunk, &maker->item);
	fd = memfd_create("ttlog-live", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && !write_chunk(maker, fd, &totals)) {
		maker->sink->take(maker->sink->ctx, fd, totals.events);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	maker->dropped += totals.events;
}

static bool matches(const struct maker *maker, const struct merge_record *record)
{
	const struct record_facts facts = {
		.record = record,
		.thread = &maker->source->threads[record->thread],
		.real_ns = maker->created.real_ns + (record->mono_ns - maker->created.mono_ns),
	};

	if (maker->verdicts[record->site->number] == EXPR_YES)
		return true;
	return record_filter__matches(maker->filter, &facts);
}

static void make_chunks(struct maker *maker)
{
	struct merge_record record;
	bool has_room = maker->sink->has_room(maker->sink->ctx);

	while (merge__next(maker->merge, &record)) {
		if (!matches(maker, &record))
			continue;
		if (!has_room) {
			if (++maker->dropped % ASK_AGAIN_EVENTS == 0)
				has_room = maker->sink->has_room(maker->sink->ctx);
			continue;
		}
		chunk_out__add(maker->chunk, &record);
		if (!chunk_out__is_full(maker->chunk))
			continue;
		hand_over(maker);
		has_room = maker->sink->has_room(maker->sink->ctx);
	}
	if (chunk_out__cnt(maker->chunk))
		hand_over(maker);
}

uint64_t live_chunk__make_all(const struct snapshot_source *source,
			      const struct record_filter *filter,
			      const struct live_chunk_sink *sink)
{
	struct maker maker = { .source = source, .filter = filter, .sink = sink };

	/* a flood that somebody does not look at costs nothing */
	if (record_filter__is_empty(filter) && !sink->has_room(sink->ctx))
		return ring_copy__events(source->events);
	/* without memory nobody knows how many would have matched: as many as there are */
	if (maker__init(&maker))
		maker.dropped = ring_copy__events(source->events);
	else
		make_chunks(&maker);
	maker__fini(&maker);
	return maker.dropped;
}

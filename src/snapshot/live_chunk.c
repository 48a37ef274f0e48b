/* SPDX-License-Identifier: MIT */
/*
 * The encoder with a filter, and a file in memory for each chunk.
 *
 * The catalog ignores sites that no record of can match, so their records are not even put in
 * order. The header may name sites that no record of matched in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catalog.h"
#include "chunk_out.h"
#include "encoder.h"
#include "format.h"
#include "live_chunk.h"
#include "merge.h"
#include "record_filter.h"
#include "ring.h"

#define ASK_AGAIN_EVENTS 4096u

struct maker {
	struct encoder encoder;
	const struct record_filter *filter;
	const struct live_chunk_sink *sink;
	enum expr_truth *verdicts; /* by site's number */
	bool has_room;
	uint64_t dropped;
};

static bool may_match(const void *ctx, const struct catalog_site *site)
{
	return record_filter__site(ctx, site) != EXPR_NO;
}

/* 0 or -errno; maker__fini() is right after both. */
static int maker__init(struct maker *maker, const struct snapshot_source *source)
{
	const struct catalog_choice choice = { .wants = may_match, .ctx = maker->filter };
	struct encoder *encoder = &maker->encoder;
	int err = encoder__init(encoder, source, &choice);
	uint32_t site_cnt;

	if (!err)
		err = encoder__start(encoder, CHUNK_OUT_MAX_BYTES);
	if (err)
		return err;
	site_cnt = encoder->catalog->site_cnt;
	maker->verdicts = calloc((size_t)site_cnt + 1, sizeof(*maker->verdicts));
	if (!maker->verdicts)
		return -ENOMEM;
	for (uint32_t i = 0; i < site_cnt; i++)
		maker->verdicts[i] = record_filter__site(maker->filter, encoder->catalog->sites[i]);
	return 0;
}

static void maker__fini(struct maker *maker)
{
	free(maker->verdicts);
	encoder__fini(&maker->encoder);
}

static int write_file(struct encoder *encoder, int fd)
{
	int err;

	if (!encoder->header.len)
		header_out__put(&encoder->header, &encoder->source, encoder->catalog,
				&encoder->created, NULL);
	err = encoder__write_header(encoder, fd, FORMAT_HEADER_MAX_BYTES);
	if (!err)
		err = encoder__write_chunk(encoder, fd);
	if (!err)
		err = encoder__write_end(encoder, fd);
	if (!err &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		err = -errno;
	return err;
}

/* A chunk that can't be handed over is dropped; the next one may be sent. */
static int hand_over(void *ctx)
{
	struct maker *maker = ctx;
	const uint64_t events = maker->encoder.in_item.events;
	int fd = memfd_create("ttlog-live", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && !write_file(&maker->encoder, fd)) {
		maker->sink->take(maker->sink->ctx, fd, events);
	} else {
		if (fd >= 0)
			(void)close(fd);
		maker->dropped += events;
	}
	maker->has_room = maker->sink->has_room(maker->sink->ctx);
	return 0;
}

static bool matches(const struct maker *maker, const struct merge_record *record)
{
	const struct encoder *encoder = &maker->encoder;
	const struct record_facts facts = {
		.record = record,
		.thread = &encoder->source.threads[record->thread],
		.real_ns = encoder->created.real_ns + (record->mono_ns - encoder->created.mono_ns),
	};

	if (maker->verdicts[record->site->number] == EXPR_YES)
		return true;
	return record_filter__matches(maker->filter, &facts);
}

static bool wants(void *ctx, const struct merge_record *record)
{
	struct maker *maker = ctx;

	if (!matches(maker, record))
		return false;
	if (maker->has_room)
		return true;
	if (++maker->dropped % ASK_AGAIN_EVENTS == 0)
		maker->has_room = maker->sink->has_room(maker->sink->ctx);
	return false;
}

uint64_t live_chunk__make_all(const struct snapshot_source *source,
			      const struct record_filter *filter,
			      const struct live_chunk_sink *sink)
{
	struct maker maker = { .filter = filter, .sink = sink };
	const struct encoder_sink encoder_sink = {
		.wants = wants,
		.take_chunk = hand_over,
		.ctx = &maker,
	};

	/* a flood that a follower does not read costs nothing */
	maker.has_room = sink->has_room(sink->ctx);
	if (record_filter__is_empty(filter) && !maker.has_room)
		return ring_copy__events(source->events);
	/* without memory it is not known how many would have matched: all are counted */
	if (maker__init(&maker, source))
		maker.dropped = ring_copy__events(source->events);
	else
		(void)encoder__run(&maker.encoder, &encoder_sink);
	maker__fini(&maker);
	return maker.dropped;
}

/* SPDX-License-Identifier: MIT */
/*
 * Before a stream begins: when files of one process may have the same events, and, if the files
 * have identities, which events those are.
 */
#include <errno.h>
#include <stdlib.h>

#include "family.h"
#include "stack_share.h"
#include "event_stream_parts.h"

/* More than the clocks of two collectors ever differ. */
#define CLOCK_SLACK_NS 1000000000u

static uint64_t first_ns(const struct ttlog_contents *contents)
{
	return contents->chunks[0].first_ns;
}

static uint64_t last_ns(const struct ttlog_contents *contents)
{
	return contents->chunks[contents->chunk_cnt - 1].last_ns;
}

static void widen(struct overlap *overlap, uint64_t from_ns, uint64_t to_ns)
{
	if (!overlap->is_any || from_ns < overlap->from_ns)
		overlap->from_ns = from_ns;
	if (!overlap->is_any || to_ns > overlap->to_ns)
		overlap->to_ns = to_ns;
	overlap->is_any = true;
}

/* No event is in two segments of a stream. */
static bool is_same_stream(const struct ttlog_info *a, const struct ttlog_info *b)
{
	return a->has_stream && b->has_stream && a->stream == b->stream;
}

/* A stack may come so late that it is in the segment after that of its event. */
static bool is_next_segment(const struct input *a, const struct input *b)
{
	const struct header *x = &a->reader->header, *y = &b->reader->header;

	return is_same_stream(&x->info, &y->info) && y->info.segment == x->info.segment + 1 &&
	       header__has_identity(x) && header__has_identity(y);
}

/* Returns whether they may have the same events, by identity. */
static bool find_overlap(struct input *a, const struct input *b)
{
	const struct ttlog_contents *x = &a->reader->contents, *y = &b->reader->contents;
	bool shares = header__has_identity(&a->reader->header) &&
		      header__has_identity(&b->reader->header);
	uint64_t from, to, slack = shares ? CLOCK_SLACK_NS : 0;

	if (!x->chunk_cnt || !y->chunk_cnt ||
	    is_same_stream(&a->reader->header.info, &b->reader->header.info))
		return false;
	from = first_ns(x) > first_ns(y) ? first_ns(x) : first_ns(y);
	to = last_ns(x) < last_ns(y) ? last_ns(x) : last_ns(y);
	from = from > slack ? from - slack : 0;
	to = to < UINT64_MAX - slack ? to + slack : UINT64_MAX;
	if (from <= to)
		widen(shares ? &a->shared : &a->overlap, from, to);
	return shares && from <= to;
}

/* Two files of a process. The first one shows what both have. */
static void compare_files(struct input *a, const struct input *b)
{
	const bool may_share = find_overlap(a, b);

	if ((may_share && a->number < b->number) || is_next_segment(a, b))
		stack_share__take(a->reader, b->reader);
}

/* Notes the events of each file that others may have, too. */
static void note_shared(struct ttlog_stream *stream)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < stream->input_cnt; i++)
		bytes += stream->inputs[i].shared.is_any ? stream->inputs[i].reader->contents.size
							 : 0;
	if (!bytes)
		return;
	known__init(&stream->known, bytes);
	for (size_t i = 0; i < stream->input_cnt; i++) {
		const struct input *input = &stream->inputs[i];
		struct ttlog_snapshot *reader = input->reader;

		for (size_t k = 0; input->shared.is_any && k < reader->contents.chunk_cnt; k++) {
			const struct ttlog_chunk_place *place = &reader->contents.chunks[k];

			if (place->n && place->last_ns >= input->shared.from_ns &&
			    place->first_ns <= input->shared.to_ns &&
			    !ttlog_snapshot_load(reader, k))
				known__add(&stream->known, input->family, input->number, reader);
		}
		if (input->shared.is_any)
			ttlog_snapshot_unload(reader);
	}
	known__sort(&stream->known);
}

int overlap__find(struct ttlog_stream *stream, struct ttlog_snapshot *const *snapshots)
{
	const size_t cnt = stream->input_cnt;
	size_t *families = calloc(cnt + 1, sizeof(*families));

	if (!families)
		return -ENOMEM;
	family__find(snapshots, cnt, families);
	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_info *header = &snapshots[i]->header.info;

		stream->inputs[i].family = families[i];
		stream->inputs[i].shift = header->real_ns - header->mono_ns;
	}
	for (size_t i = 0; i < cnt; i++) {
		for (size_t k = 0; k < cnt; k++) {
			if (i != k && families[i] == families[k])
				compare_files(&stream->inputs[i], &stream->inputs[k]);
		}
	}
	free(families);
	note_shared(stream);
	return 0;
}

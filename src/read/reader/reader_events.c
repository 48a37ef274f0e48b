/* SPDX-License-Identifier: MIT */
/*
 * What is loaded, for those who ask: events, columns, what the file says of itself.
 */
#include <stdint.h>

#include "frame.h"
#include "identity.h"
#include "reader.h"

static const struct ttlog_column *column_of(const struct ttlog_event *event, unsigned idx)
{
	struct ttlog_snapshot *reader = event->snapshot;
	bool first_time;
	const struct ttlog_column *column =
		chunk__column(&reader->chunk, &reader->header, event->group, idx, &first_time);

	if (!column && first_time)
		reader__blame_field(event->snapshot, event->snapshot->loaded, idx,
				    event->site_number);
	return column;
}

static bool identity_of(const struct ttlog_event *event, struct identity *ret)
{
	struct ttlog_snapshot *reader = event->snapshot;

	return identity__find(&reader->chunk, &reader->header, (uint32_t)event->reserved[1], ret);
}

static const struct ttlog_event_source SOURCE = { .column = column_of, .identity = identity_of };

void reader__fill_event(struct ttlog_snapshot *snapshot, const struct ttlog_chunk *chunk,
			uint32_t i, struct ttlog_event *ret)
{
	const struct header *header = &snapshot->header;

	ret->source = &SOURCE;
	ret->snapshot = snapshot;
	ret->reserved[0] = 0;
	ret->reserved[1] = i;
	ret->group = ttlog_chunk_group(chunk, i);
	ret->row = ttlog_chunk_row(chunk, i);
	ret->site_number = chunk->groups[ret->group].site;
	ret->thread_number = ttlog_chunk_thread(chunk, i);
	ret->site = &header->sites[ret->site_number];
	ret->thread = &header->threads[ret->thread_number];
	ret->mono_ns = chunk->mono_ns[i];
	ret->real_ns = ttlog_info_real_ns(&header->info, ret->mono_ns);
}

void ttlog_snapshot_event(struct ttlog_snapshot *snapshot, uint32_t i, struct ttlog_event *ret)
{
	reader__fill_event(snapshot, &snapshot->chunk.events, i, ret);
}

void ttlog_snapshot_group_event(struct ttlog_snapshot *snapshot, uint32_t group,
				struct ttlog_event *ret)
{
	uint32_t site = snapshot->chunk.events.groups[group].site;

	*ret = (struct ttlog_event){
		.source = &SOURCE,
		.snapshot = snapshot,
		.site = &snapshot->header.sites[site],
		.site_number = site,
		.group = group,
	};
}

void ttlog_snapshot_unload(struct ttlog_snapshot *snapshot)
{
	snapshot->parsed = snapshot->loaded = SIZE_MAX;
	chunk__fini(&snapshot->chunk);
	if (snapshot->file)
		frame_file__trim(snapshot->file);
}

/* ---- What others may know of it ---- */

const char *ttlog_snapshot_name(const struct ttlog_snapshot *snapshot)
{
	return snapshot->name;
}

const struct ttlog_info *ttlog_snapshot_info(const struct ttlog_snapshot *snapshot)
{
	return &snapshot->header.info;
}

const struct ttlog_contents *ttlog_snapshot_contents(const struct ttlog_snapshot *snapshot)
{
	return &snapshot->contents;
}

uint64_t ttlog_snapshot_last_ns(const struct ttlog_snapshot *snapshot)
{
	const struct ttlog_contents *contents = &snapshot->contents;

	if (!snapshot->header.info.has_header || !contents->chunk_cnt)
		return 0;
	return ttlog_info_real_ns(&snapshot->header.info,
				  contents->chunks[contents->chunk_cnt - 1].last_ns);
}

const struct ttlog_chunk *ttlog_snapshot_chunk(const struct ttlog_snapshot *snapshot)
{
	return &snapshot->chunk.events;
}

const struct ttlog_column *ttlog_snapshot_column(struct ttlog_snapshot *snapshot, uint32_t group,
						 unsigned field)
{
	struct ttlog_event event;

	ttlog_snapshot_group_event(snapshot, group, &event);
	return ttlog_event_column(&event, field);
}

/* SPDX-License-Identifier: MIT */
/*
 * Events of a loaded or pinned chunk, and the snapshot's own data.
 */

#include "frame.h"
#include "identity.h"
#include "reader.h"

static struct chunk *chunk_of(const struct ttlog_event *event)
{
	return (struct chunk *)(uintptr_t)event->reserved[0];
}

/* idx is below the site's nfields. */
static const struct ttlog_column *column_of(const struct ttlog_event *event, unsigned idx)
{
	struct chunk *chunk = chunk_of(event);
	const struct chunk_group *group = &chunk->groups[event->group];

	/* Called for each field of each event; only the first call for a column does more. */
	if (group->tried[idx])
		return group->columns[idx];
	return reader__column(event->snapshot, chunk, event->group, idx);
}

static bool identity_of(const struct ttlog_event *event, struct identity *ret)
{
	return identity__find(chunk_of(event), &event->snapshot->header,
			      (uint32_t)event->reserved[1], ret);
}

static const struct ttlog_column *ids_of(const struct ttlog_event *event, bool is_span)
{
	struct chunk *chunk = chunk_of(event);

	/* mostly there are none */
	if (chunk->tried_ids[is_span] || !(is_span ? chunk->span_ids.at : chunk->trace_ids.at))
		return chunk->ids[is_span];
	return reader__ids(event->snapshot, chunk, is_span);
}

/* Mostly there are none. */
static const struct ttlog_column *suppressed_in(struct ttlog_snapshot *snapshot,
						struct chunk *chunk)
{
	if (chunk->tried_suppressed || !chunk->suppressed.at)
		return chunk->suppressed_column;
	return reader__suppressed(snapshot, chunk);
}

static const struct ttlog_column *suppressed_of(const struct ttlog_event *event)
{
	return suppressed_in(event->snapshot, chunk_of(event));
}

static const struct ttlog_event_source SOURCE = {
	.column = column_of,
	.identity = identity_of,
	.ids = ids_of,
	.suppressed = suppressed_of,
};

void reader__fill_event(struct ttlog_snapshot *snapshot, struct chunk *chunk, uint32_t i,
			struct ttlog_event *ret)
{
	const struct header *header = &snapshot->header;
	const struct ttlog_chunk *events = &chunk->events;

	ret->source = &SOURCE;
	ret->snapshot = snapshot;
	ret->reserved[0] = (uintptr_t)chunk;
	ret->reserved[1] = i;
	ret->group = ttlog_chunk_group(events, i);
	ret->row = ttlog_chunk_row(events, i);
	ret->site_number = events->groups[ret->group].site;
	ret->thread_number = ttlog_chunk_thread(events, i);
	ret->site = &header->sites[ret->site_number];
	ret->thread = &header->threads[ret->thread_number];
	ret->mono_ns = events->mono_ns[i];
	ret->real_ns = ttlog_info_real_ns(&header->info, ret->mono_ns);
}

void ttlog_snapshot_event(struct ttlog_snapshot *snapshot, uint32_t i, struct ttlog_event *ret)
{
	reader__fill_event(snapshot, &snapshot->chunk, i, ret);
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
		.reserved = { (uintptr_t)&snapshot->chunk },
	};
}

void ttlog_snapshot_unload(struct ttlog_snapshot *snapshot)
{
	snapshot->parsed = snapshot->loaded = SIZE_MAX;
	chunk__fini(&snapshot->chunk);
	if (snapshot->file)
		frame_file__trim(snapshot->file);
}

/* ---- The snapshot's data ---- */

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
	return reader__column(snapshot, &snapshot->chunk, group, field);
}

const struct ttlog_column *ttlog_snapshot_suppressed(struct ttlog_snapshot *snapshot)
{
	return suppressed_in(snapshot, &snapshot->chunk);
}

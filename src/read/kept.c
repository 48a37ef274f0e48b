/* SPDX-License-Identifier: MIT */
/*
 * A chunk that stays decoded for as long as someone holds it, beside the snapshot's loaded one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "frame.h"
#include "identity.h"
#include "reader.h"

struct ttlog_kept {
	struct ttlog_snapshot *snapshot;
	size_t idx;
	struct chunk chunk;
	unsigned char *content;
	size_t len;
	bool is_loaded;
};

static int parse(struct ttlog_kept *kept, const char **ret_why)
{
	struct ttlog_snapshot *snapshot = kept->snapshot;
	struct ttlog_chunk *events = &kept->chunk.events;
	struct frame frame;
	uint64_t tokens;
	int err = frame_file__at(snapshot->file, snapshot->places[kept->idx].offset, &frame);

	/* The content that a chunk of the snapshot lies in may be gone now. */
	snapshot->parsed = snapshot->loaded = SIZE_MAX;
	snapshot->chunk.events.n = 0;
	if (err)
		return err;
	if (!token__check(frame.content, frame.len, &tokens))
		return -EBADMSG;
	kept->content = malloc(frame.len);
	if (!kept->content)
		return -ENOMEM;
	memcpy(kept->content, frame.content, frame.len);
	kept->len = frame.len;
	err = chunk__parse(&kept->chunk, kept->content, kept->len, ret_why);
	if (err)
		return err;
	/* Sites ascend. Who asks for sites before the rest is loaded relies on them. */
	*ret_why = "its fields do not fit its sites";
	if (events->n != snapshot->places[kept->idx].n ||
	    events->groups[events->group_cnt - 1].site >= snapshot->header.info.site_cnt)
		return -EBADMSG;
	return 0;
}

static int drop(const struct ttlog_kept *kept, int err, const char *why)
{
	reader__drop(kept->snapshot, kept->idx, err, why);
	return err;
}

struct ttlog_kept *ttlog_kept_new(struct ttlog_snapshot *snapshot, size_t idx)
{
	const char *why = "it changed since it was opened";
	struct ttlog_kept *kept;
	int err;

	if (idx >= snapshot->contents.chunk_cnt || !snapshot->header.info.has_header ||
	    !snapshot->places[idx].n) {
		errno = ENOENT;
		return NULL;
	}
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->snapshot = snapshot;
	kept->idx = idx;
	err = parse(kept, &why);
	if (!err)
		return kept;
	drop(kept, err, why);
	ttlog_kept_free(kept);
	errno = -err;
	return NULL;
}

int ttlog_kept_load(struct ttlog_kept *kept)
{
	const char *why;
	int err;

	if (kept->is_loaded)
		return 0;
	if (!kept->snapshot->places[kept->idx].n)
		return -EBADMSG;
	err = chunk__load(&kept->chunk, &kept->snapshot->header, &why);
	if (err)
		return drop(kept, err, why);
	kept->is_loaded = true;
	return 0;
}

void ttlog_kept_free(struct ttlog_kept *kept)
{
	if (!kept)
		return;
	chunk__fini(&kept->chunk);
	free(kept->content);
	free(kept);
}

const struct ttlog_chunk *ttlog_kept_chunk(const struct ttlog_kept *kept)
{
	return &kept->chunk.events;
}

size_t ttlog_kept_bytes(const struct ttlog_kept *kept)
{
	return sizeof(*kept) + kept->len + arena__bytes(&kept->chunk.arena);
}

/* ---- Events ---- */

const struct ttlog_column *ttlog_kept_column(struct ttlog_kept *kept, uint32_t group,
					     unsigned field)
{
	bool first_time;
	const struct ttlog_column *column =
		chunk__column(&kept->chunk, &kept->snapshot->header, group, field, &first_time);

	if (!column && first_time)
		reader__blame_field(kept->snapshot, kept->idx, field,
				    kept->chunk.events.groups[group].site);
	return column;
}

static const struct ttlog_column *column_of(const struct ttlog_event *event, unsigned idx)
{
	return ttlog_kept_column((struct ttlog_kept *)(uintptr_t)event->reserved[0], event->group,
				 idx);
}

static bool identity_of(const struct ttlog_event *event, struct identity *ret)
{
	struct ttlog_kept *kept = (struct ttlog_kept *)(uintptr_t)event->reserved[0];

	return identity__find(&kept->chunk, &kept->snapshot->header, (uint32_t)event->reserved[1],
			      ret);
}

static const struct ttlog_event_source SOURCE = { .column = column_of, .identity = identity_of };

void ttlog_kept_event(struct ttlog_kept *kept, uint32_t i, struct ttlog_event *ret)
{
	reader__fill_event(kept->snapshot, &kept->chunk.events, i, ret);
	ret->source = &SOURCE;
	ret->reserved[0] = (uintptr_t)kept;
}

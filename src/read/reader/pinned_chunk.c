/* SPDX-License-Identifier: MIT */
/*
 * A chunk that stays decoded until it is freed. The snapshot may load others meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "frame.h"
#include "identity.h"
#include "reader.h"

struct ttlog_pinned {
	struct ttlog_snapshot *snapshot;
	size_t idx;
	struct chunk chunk;
	unsigned char *content;
	size_t len;
	bool is_loaded;
};

static int parse(struct ttlog_pinned *pinned, const char **ret_why)
{
	struct ttlog_snapshot *snapshot = pinned->snapshot;
	struct ttlog_chunk *events = &pinned->chunk.events;
	struct frame frame;
	uint64_t items;
	int err = frame_file__at(snapshot->file, snapshot->places[pinned->idx].offset, &frame);

	/* The content that a chunk of the snapshot lies in may be gone now. */
	snapshot->parsed = snapshot->loaded = SIZE_MAX;
	snapshot->chunk.events.n = 0;
	if (err)
		return err;
	if (!cbor_reader__check(frame.content, frame.len, &items))
		return -EBADMSG;
	pinned->content = malloc(frame.len);
	if (!pinned->content)
		return -ENOMEM;
	memcpy(pinned->content, frame.content, frame.len);
	pinned->len = frame.len;
	err = chunk__parse(&pinned->chunk, pinned->content, pinned->len, ret_why);
	if (err)
		return err;
	/* Sites ascend. Who asks for sites before the rest is loaded relies on them. */
	*ret_why = "its fields do not fit its sites";
	if (events->n != snapshot->places[pinned->idx].n ||
	    events->groups[events->group_cnt - 1].site >= snapshot->header.info.site_cnt)
		return -EBADMSG;
	return 0;
}

static int drop(const struct ttlog_pinned *pinned, int err, const char *why)
{
	reader__drop(pinned->snapshot, pinned->idx, err, why);
	return err;
}

struct ttlog_pinned *ttlog_pinned_new(struct ttlog_snapshot *snapshot, size_t idx)
{
	const char *why = "it changed since it was opened";
	struct ttlog_pinned *pinned;
	int err;

	if (idx >= snapshot->contents.chunk_cnt || !snapshot->header.info.has_header ||
	    !snapshot->places[idx].n) {
		errno = ENOENT;
		return NULL;
	}
	pinned = calloc(1, sizeof(*pinned));
	if (!pinned)
		return NULL;
	pinned->snapshot = snapshot;
	pinned->idx = idx;
	err = parse(pinned, &why);
	if (!err)
		return pinned;
	drop(pinned, err, why);
	ttlog_pinned_free(pinned);
	errno = -err;
	return NULL;
}

int ttlog_pinned_load(struct ttlog_pinned *pinned)
{
	const char *why;
	int err;

	if (pinned->is_loaded)
		return 0;
	if (!pinned->snapshot->places[pinned->idx].n)
		return -EBADMSG;
	err = chunk__load(&pinned->chunk, &pinned->snapshot->header, &why);
	if (err)
		return drop(pinned, err, why);
	pinned->is_loaded = true;
	return 0;
}

void ttlog_pinned_free(struct ttlog_pinned *pinned)
{
	if (!pinned)
		return;
	chunk__fini(&pinned->chunk);
	free(pinned->content);
	free(pinned);
}

const struct ttlog_chunk *ttlog_pinned_chunk(const struct ttlog_pinned *pinned)
{
	return &pinned->chunk.events;
}

size_t ttlog_pinned_bytes(const struct ttlog_pinned *pinned)
{
	return sizeof(*pinned) + pinned->len + arena__bytes(&pinned->chunk.arena);
}

/* ---- Events ---- */

const struct ttlog_column *ttlog_pinned_column(struct ttlog_pinned *pinned, uint32_t group,
					       unsigned field)
{
	bool first_time;
	const struct ttlog_column *column =
		chunk__column(&pinned->chunk, &pinned->snapshot->header, group, field, &first_time);

	if (!column && first_time)
		reader__blame_field(pinned->snapshot, pinned->idx, field,
				    pinned->chunk.events.groups[group].site);
	return column;
}

static const struct ttlog_column *column_of(const struct ttlog_event *event, unsigned idx)
{
	return ttlog_pinned_column((struct ttlog_pinned *)(uintptr_t)event->reserved[0],
				   event->group, idx);
}

static bool identity_of(const struct ttlog_event *event, struct identity *ret)
{
	struct ttlog_pinned *pinned = (struct ttlog_pinned *)(uintptr_t)event->reserved[0];

	return identity__find(&pinned->chunk, &pinned->snapshot->header,
			      (uint32_t)event->reserved[1], ret);
}

static const struct ttlog_event_source SOURCE = { .column = column_of, .identity = identity_of };

void ttlog_pinned_event(struct ttlog_pinned *pinned, uint32_t i, struct ttlog_event *ret)
{
	reader__fill_event(pinned->snapshot, &pinned->chunk.events, i, ret);
	ret->source = &SOURCE;
	ret->reserved[0] = (uintptr_t)pinned;
}

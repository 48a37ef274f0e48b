/* SPDX-License-Identifier: MIT */
/*
 * A chunk that stays decoded until it is freed, while the snapshot loads others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "frame.h"
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
	int err = reader__frame(snapshot, pinned->idx, &frame);

	if (err)
		return err;
	pinned->content = malloc(frame.len);
	if (!pinned->content)
		return -ENOMEM;
	memcpy(pinned->content, frame.content, frame.len);
	pinned->len = frame.len;
	err = chunk__parse(&pinned->chunk, pinned->content, pinned->len, ret_why);
	if (err)
		return err;
	events->number = pinned->idx;
	/* Sites ascend. They must be valid, because they may be used before the rest is loaded. */
	*ret_why = "its fields do not fit its sites";
	if (!reader__is_at(&pinned->chunk, &snapshot->places[pinned->idx]) ||
	    events->groups[events->group_cnt - 1].site >= snapshot->header.info.site_cnt)
		return -EBADMSG;
	return 0;
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
	(void)reader__drop(snapshot, idx, err, why);
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
		return reader__drop(pinned->snapshot, pinned->idx, err, why);
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
	return sizeof(*pinned) + pinned->len + pinned->chunk.arena.held_bytes;
}

/* ---- Events ---- */

const struct ttlog_column *ttlog_pinned_column(struct ttlog_pinned *pinned, uint32_t group,
					       unsigned field)
{
	return reader__column(pinned->snapshot, &pinned->chunk, group, field);
}

void ttlog_pinned_event(struct ttlog_pinned *pinned, uint32_t i, struct ttlog_event *ret)
{
	reader__fill_event(pinned->snapshot, &pinned->chunk, i, ret);
}

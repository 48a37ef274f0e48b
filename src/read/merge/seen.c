/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "known.h"
#include "hash.h"
#include "reader.h"
#include "seen.h"
#include "row_selection.h"

/* It remembers so many batches, at times twice as many. Each may be a single event. */
#define BATCHES_KEPT 16384u

struct ttlog_seen {
	struct known known;
	uint32_t number; /* of the current snapshot */
};

struct ttlog_seen *ttlog_seen_new(void)
{
	struct ttlog_seen *seen = calloc(1, sizeof(*seen));

	if (seen)
		known__init(&seen->known, UINT32_MAX);
	return seen;
}

void ttlog_seen_free(struct ttlog_seen *seen)
{
	if (!seen)
		return;
	known__fini(&seen->known);
	free(seen);
}

/* Forgets the older half of the snapshots. */
static void forget_old(struct ttlog_seen *seen)
{
	struct known_range *ranges = seen->known.ranges;
	uint32_t oldest = seen->number;
	size_t cnt = 0;

	if (seen->known.cnt <= 2 * BATCHES_KEPT)
		return;
	for (size_t i = 0; i < seen->known.cnt; i++)
		oldest = ranges[i].number < oldest ? ranges[i].number : oldest;
	oldest += (seen->number - oldest + 1) / 2;
	for (size_t i = 0; i < seen->known.cnt; i++) {
		ranges[cnt] = ranges[i];
		cnt += ranges[i].number >= oldest;
	}
	seen->known.cnt = cnt;
}

static int hide(struct ttlog_snapshot *snapshot, const struct row_selection *left)
{
	const uint32_t n = snapshot->chunk.events.n;

	snapshot->hidden = malloc(n);
	if (!snapshot->hidden)
		return -ENOMEM;
	memset(snapshot->hidden, 1, n);
	for (uint32_t i = 0; i < left->cnt; i++)
		snapshot->hidden[row_selection__at(left, i)] = 0;
	return 0;
}

int ttlog_seen_take(struct ttlog_seen *seen, struct ttlog_snapshot *snapshot)
{
	const struct ttlog_info *info = &snapshot->header.info;
	struct row_selection left = { .cnt = 0 };
	uint64_t process;
	int err;

	if (ttlog_snapshot_has_chunk(snapshot, 1) || !header__has_identity(&snapshot->header) ||
	    snapshot->hidden || ttlog_snapshot_load(snapshot, 0))
		return 0;
	process = hash__mix(info->pid, info->start_time);
	process = hash__bytes(process, info->boot_id.p, info->boot_id.len);
	left.cnt = snapshot->chunk.events.n;
	seen->number++;
	err = known__leave_out(&seen->known, process, seen->number, snapshot, &left);
	if (!err && left.cnt < snapshot->chunk.events.n)
		err = hide(snapshot, &left);
	known__add(&seen->known, process, seen->number, snapshot);
	known__sort(&seen->known);
	forget_old(seen);
	return err;
}

int seen__leave_out(struct ttlog_snapshot *reader, struct row_selection *selection)
{
	uint32_t *positions, cnt = 0;

	/* `hidden` is of chunk 0; the file may have grown since */
	if (!reader->hidden || reader->loaded || !selection->cnt)
		return 0;
	positions = arena__alloc(&reader->chunk.arena, selection->cnt, sizeof(*positions));
	if (!positions)
		return -ENOMEM;
	for (uint32_t i = 0; i < selection->cnt; i++) {
		positions[cnt] = row_selection__at(selection, i);
		cnt += !reader->hidden[positions[cnt]];
	}
	selection->cnt = cnt;
	selection->positions = positions;
	return 0;
}

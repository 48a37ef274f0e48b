/* SPDX-License-Identifier: MIT */
/*
 * New files have the start time and the boot id of their process. In old files, the same host, pid
 * and executable may be one process, or two with a reboot in between. If the pairs of clocks
 * disagree by less than an hour, it was one boot. Else the wall clock may have been set meanwhile:
 * then it is one process if the files share events.
 */
#include <errno.h>
#include <stdlib.h>

#include "boot_rule.h"
#include "family.h"

/* How many chunks of each file, and events of both, are compared. */
#define COMPARED_CHUNKS 4u
#define COMPARED_EVENTS 256u

/* ---- Shared events ---- */

/* An iterator over a snapshot's events, by CLOCK_MONOTONIC. */
struct walk {
	struct ttlog_snapshot *snapshot;
	size_t chunk;
	unsigned chunks_left;
	uint32_t at;
	struct ttlog_event event;
};

/* Sets walk->event to the first event from walk->at on that is not before from_ns. */
static bool find_event(struct walk *walk, uint64_t from_ns)
{
	struct ttlog_snapshot *snapshot = walk->snapshot;

	for (; walk->chunk < snapshot->contents.chunk_cnt; walk->chunk++, walk->at = 0) {
		const struct ttlog_chunk *chunk = &snapshot->chunk.events;
		const struct ttlog_chunk_place *place = &snapshot->places[walk->chunk];

		if (!place->n || place->last_ns < from_ns)
			continue;
		if (snapshot->loaded != walk->chunk) {
			if (!walk->chunks_left)
				return false;
			walk->chunks_left--;
			if (ttlog_snapshot_load(snapshot, walk->chunk))
				continue;
		}
		while (walk->at < chunk->n && chunk->mono_ns[walk->at] < from_ns)
			walk->at++;
		if (walk->at == chunk->n)
			continue;
		ttlog_snapshot_event(snapshot, walk->at, &walk->event);
		return true;
	}
	return false;
}

static bool is_same_event(const struct ttlog_event *a, const struct ttlog_event *b)
{
	return a->mono_ns == b->mono_ns && a->site->identity == b->site->identity &&
	       a->thread->pid == b->thread->pid && a->thread->tid == b->thread->tid;
}

static const struct ttlog_chunk_place *last_place(const struct ttlog_snapshot *snapshot)
{
	return &snapshot->places[snapshot->contents.chunk_cnt - 1];
}

/* Whether most events are in both files, where these overlap. A few events of two boots may have
 * the same nanosecond. */
static bool shares_events(struct ttlog_snapshot *a, struct ttlog_snapshot *b)
{
	struct walk x = { .snapshot = a, .chunks_left = COMPARED_CHUNKS };
	struct walk y = { .snapshot = b, .chunks_left = COMPARED_CHUNKS };
	unsigned same_cnt = 0, other_cnt = 0;
	uint64_t from_ns;

	if (!a->contents.chunk_cnt || !b->contents.chunk_cnt ||
	    a->places[0].first_ns > last_place(b)->last_ns ||
	    b->places[0].first_ns > last_place(a)->last_ns)
		return false;
	from_ns = a->places[0].first_ns > b->places[0].first_ns ? a->places[0].first_ns
								: b->places[0].first_ns;
	while (same_cnt + other_cnt < COMPARED_EVENTS && find_event(&x, from_ns) &&
	       find_event(&y, from_ns)) {
		bool is_same = is_same_event(&x.event, &y.event);
		bool is_x_first = x.event.mono_ns <= y.event.mono_ns;

		same_cnt += is_same;
		other_cnt += !is_same;
		x.at += is_same || is_x_first;
		y.at += is_same || !is_x_first;
	}
	ttlog_snapshot_unload(a);
	ttlog_snapshot_unload(b);
	return same_cnt > other_cnt;
}

/* ---- Families ---- */

static bool is_same_process(struct ttlog_snapshot *a, struct ttlog_snapshot *b)
{
	const struct ttlog_info *x = &a->header.info, *y = &b->header.info;

	if (header__has_identity(&a->header) && header__has_identity(&b->header))
		return x->pid == y->pid && x->start_time == y->start_time &&
		       ttlog_text_equal(x->boot_id, y->boot_id);
	if (!x->has_header || !y->has_header || !x->has_pid || !y->has_pid || x->pid != y->pid ||
	    !ttlog_text_equal(x->host, y->host) || !ttlog_text_equal(x->exe, y->exe))
		return false;
	return boot_rule__clocks_agree(x, y) || shares_events(a, b);
}

/* Two families are one: all get the lower number. */
static void join(size_t *families, size_t cnt, size_t a, size_t b)
{
	size_t from = a > b ? a : b, to = a > b ? b : a;

	for (size_t i = 0; i < cnt; i++)
		families[i] = families[i] == from ? to : families[i];
}

void family__find(struct ttlog_snapshot *const *snapshots, size_t cnt, size_t *families)
{
	for (size_t i = 0; i < cnt; i++) {
		if (cnt > 1)
			(void)ttlog_snapshot_has_chunk(snapshots[i], SIZE_MAX);
		families[i] = i;
		for (size_t k = 0; k < i; k++) {
			if (families[k] != families[i] &&
			    is_same_process(snapshots[k], snapshots[i]))
				join(families, i + 1, families[k], families[i]);
		}
	}
	/* after all comparisons, which need the original clocks */
	for (size_t i = 0; i < cnt; i++) {
		struct ttlog_info *info = &snapshots[i]->header.info;

		info->real_ns =
			info->mono_ns + boot_rule__offset_ns(&snapshots[families[i]]->header.info);
	}
}

int ttlog_snapshots_share_clock(struct ttlog_snapshot *const *snapshots, size_t snapshot_cnt)
{
	size_t *families = calloc(snapshot_cnt + 1, sizeof(*families));

	if (!families)
		return -ENOMEM;
	family__find(snapshots, snapshot_cnt, families);
	free(families);
	return 0;
}

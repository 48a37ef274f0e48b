/* SPDX-License-Identifier: MIT */
/*
 * Files of today say which process of which boot they are of. For others: same host, pid and
 * executable: that may be one process, or two, the second after a reboot. Pairs
 * of clocks that disagree by less than an hour are of one boot. Others are where the wall clock was
 * set meanwhile: then the files tell by the events that they share.
 */
#include <errno.h>
#include <stdlib.h>

#include "boot_rule.h"
#include "family.h"

/* So many chunks of each file, and events of both, are looked at for those that both have. */
#define COMPARED_CHUNKS 4u
#define COMPARED_EVENTS 256u

/* ---- Shared events ---- */

/* Goes over a snapshot's events by CLOCK_MONOTONIC. */
struct walk {
	struct ttlog_snapshot *snapshot;
	size_t chunk;
	unsigned chunks_left;
	uint32_t at;
	struct ttlog_event event;
};

/* Makes the first event from walk->at on, and not before from_ns, the walk's. */
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

/* Whether most of what both could have is in both. In two boots a few events may well have the same
 * nanosecond. */
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

/* Two families turn out to be one: all get the number of the first. */
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
	/* Not before all have been compared: the clock may have been set between any two of them. */
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

/* SPDX-License-Identifier: MIT */
/*
 * A k-way merge over lanes: the entries of one thread and one batch, in ring order, are in the
 * order of time among themselves.
 *
 * A thread has a batch in every module that it logs from, and these fill at different speeds; it
 * leaves a batch whose append never ends (a jump out of a signal handler, or one that only takes
 * long), and what is in that comes late; batches of a single record (sequence number 0,
 * TTLOG_BATCH_ALONE) overtake the batch that was being filled. So each of these is a lane of its
 * own.
 *
 * A record's time is its mapped ticks, at most the time when the kernel took the batch, at least
 * that of the record before it in its lane: programs can lie, but only so far.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "ttlog/abi.h"

#include "catalog.h"
#include "clock.h"
#include "merge.h"
#include "record.h"
#include "ring.h"

#define NO_ENTRY UINT32_MAX

struct merge_entry {
	const struct ring_entry *entry;
	uint32_t next; /* of the same lane, NO_ENTRY at the end */
};

struct lane {
	uint32_t thread, module;
	bool is_alone;        /* batches of a single record */
	uint64_t page;        /* of the batch; 0 where is_alone */
	uint32_t first, last; /* entries; `first` is the one being walked */
	struct record_walk walk;
	uint32_t good_cnt;          /* records of the entry being walked */
	struct clock_span span;     /* where the last ticks were */
	uint8_t span_clock;         /* 0: span is not set */
	struct merge_record record; /* the next one */
};

struct merge {
	const struct catalog *catalog;
	const struct clock *clock;
	struct merge_entry *entries;
	uint32_t entry_cnt;
	struct lane *lanes;
	uint32_t lane_cnt;
	uint32_t *heap; /* lanes that have a record, the earliest on top */
	uint32_t heap_cnt;
	uint64_t corrupt_cnt;
};

/* ---- lanes ---- */

static uint64_t map_ticks(const struct merge *merge, struct lane *lane, uint8_t clock,
			  uint64_t ticks)
{
	if (lane->span_clock != clock || !clock || ticks < lane->span.from_ticks ||
	    ticks > lane->span.to_ticks) {
		clock__find_span(merge->clock, clock, ticks, &lane->span);
		lane->span_clock = clock;
	}
	return clock_span__mono_ns(&lane->span, ticks);
}

static uint64_t measure_span(const struct merge *merge, struct lane *lane, uint8_t clock,
			     const unsigned char *fields, uint64_t end_ns)
{
	uint64_t begin_ticks, begin_ns;

	memcpy(&begin_ticks, fields, sizeof(begin_ticks));
	begin_ns = map_ticks(merge, lane, clock, begin_ticks);
	return begin_ns < end_ns ? end_ns - begin_ns : 0;
}

static void take_record(const struct merge *merge, struct lane *lane,
			const struct ring_entry *entry, const struct record *record,
			const struct catalog_site *site)
{
	uint64_t mapped_ns =
		map_ticks(merge, lane, entry->clock, entry->base_ticks + record->delta_ticks);
	uint64_t ns = mapped_ns < entry->stamp_ns ? mapped_ns : entry->stamp_ns;
	uint64_t duration_ns = 0;

	if (site->is_span_end)
		duration_ns = measure_span(merge, lane, entry->clock, record->fields, mapped_ns);
	lane->record = (struct merge_record){
		.mono_ns = ns > lane->record.mono_ns ? ns : lane->record.mono_ns,
		.duration_ns = duration_ns,
		.site = site,
		.fields = record->fields,
		.bytes = (uint32_t)(sizeof(struct ttlog_record) + record->fields_len),
		.thread = entry->thread,
	};
}

/* The next good record of the entry being walked. */
static bool advance_in_entry(const struct merge *merge, struct lane *lane)
{
	const struct ring_entry *entry = merge->entries[lane->first].entry;
	const struct catalog_site *site;
	struct record record;

	while (record_walk__next(&lane->walk, &record) == 1) {
		site = catalog__find(merge->catalog, entry->module, record.site_index);
		if (!site || !catalog_site__fits(site, record.fields, record.fields_len))
			continue;
		lane->good_cnt++;
		take_record(merge, lane, entry, &record, site);
		return true;
	}
	return false;
}

static bool start_entry(struct merge *merge, struct lane *lane)
{
	if (lane->first == NO_ENTRY)
		return false;
	lane->walk = record_walk__start(merge->entries[lane->first].entry);
	lane->good_cnt = 0;
	return true;
}

static void end_entry(struct merge *merge, struct lane *lane)
{
	const struct ring_entry *entry = merge->entries[lane->first].entry;

	merge->corrupt_cnt += entry->events - lane->good_cnt;
	lane->first = merge->entries[lane->first].next;
}

/* False where the lane has no more records. */
static bool advance_lane(struct merge *merge, struct lane *lane)
{
	while (!advance_in_entry(merge, lane)) {
		end_entry(merge, lane);
		if (!start_entry(merge, lane))
			return false;
	}
	return true;
}

/* ---- the heap ---- */

static bool is_earlier(const struct merge *merge, uint32_t a, uint32_t b)
{
	uint64_t a_ns = merge->lanes[a].record.mono_ns, b_ns = merge->lanes[b].record.mono_ns;

	return a_ns != b_ns ? a_ns < b_ns : a < b;
}

static void sift_down(struct merge *merge, uint32_t at)
{
	uint32_t *heap = merge->heap;
	const uint32_t lane = heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= merge->heap_cnt)
			break;
		if (child + 1 < merge->heap_cnt && is_earlier(merge, heap[child + 1], heap[child]))
			child++;
		if (!is_earlier(merge, heap[child], lane))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = lane;
}

int merge__next(struct merge *merge, struct merge_record *ret_record)
{
	struct lane *lane;

	if (!merge->heap_cnt)
		return 0;
	lane = &merge->lanes[merge->heap[0]];
	*ret_record = lane->record;
	if (!advance_lane(merge, lane))
		merge->heap[0] = merge->heap[--merge->heap_cnt];
	if (merge->heap_cnt)
		sift_down(merge, 0);
	return 1;
}

const struct ring_entry *merge__oldest(const struct merge *merge)
{
	uint32_t oldest = NO_ENTRY;

	for (uint32_t i = 0; i < merge->heap_cnt; i++) {
		const struct lane *lane = &merge->lanes[merge->heap[i]];

		if (lane->first < oldest)
			oldest = lane->first;
	}
	return oldest == NO_ENTRY ? NULL : merge->entries[oldest].entry;
}

/* ---- making one ---- */

/* A record alone lies on a stack, anywhere. */
static uint64_t page_of(const struct ring_entry *entry)
{
	return entry->seq ? entry->page : 0;
}

static uint64_t hash_lane(const struct ring_entry *entry)
{
	uint64_t hash = (uint64_t)entry->thread << 32 | entry->module;

	hash = (hash * 2 + (entry->seq == 0)) ^ page_of(entry);
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 32);
}

static bool is_lane_of(const struct lane *lane, const struct ring_entry *entry)
{
	return lane->thread == entry->thread && lane->module == entry->module &&
	       lane->is_alone == (entry->seq == 0) && lane->page == page_of(entry);
}

/* Puts entry i at the end of its lane; `slots` hold lanes + 1, 0 where free. */
static void add_to_lane(struct merge *merge, uint32_t *slots, uint64_t slot_mask, uint32_t i)
{
	const struct ring_entry *entry = merge->entries[i].entry;
	uint64_t at = hash_lane(entry) & slot_mask;
	struct lane *lane;

	while (slots[at] && !is_lane_of(&merge->lanes[slots[at] - 1], entry))
		at = (at + 1) & slot_mask;
	if (slots[at]) {
		lane = &merge->lanes[slots[at] - 1];
		merge->entries[lane->last].next = i;
		lane->last = i;
		return;
	}
	merge->lanes[merge->lane_cnt++] = (struct lane){
		.thread = entry->thread,
		.module = entry->module,
		.is_alone = entry->seq == 0,
		.page = page_of(entry),
		.first = i,
		.last = i,
	};
	slots[at] = merge->lane_cnt;
}

static int list_entries(struct merge *merge, const struct ring_copy *copy)
{
	const struct ring_entry *entry;
	size_t cursor = 0, cnt = 0;

	while (ring_copy__next(copy, &cursor))
		cnt++;
	if (cnt >= NO_ENTRY)
		return -EOVERFLOW;
	merge->entries = calloc(cnt + 1, sizeof(*merge->entries));
	if (!merge->entries)
		return -ENOMEM;
	for (cursor = 0; (entry = ring_copy__next(copy, &cursor));) {
		/* one of an unknown thread has no place in the file */
		if (catalog__thread_number(merge->catalog, entry->thread) == CATALOG_NO_NUMBER)
			merge->corrupt_cnt += entry->events;
		else
			merge->entries[merge->entry_cnt++] =
				(struct merge_entry){ .entry = entry, .next = NO_ENTRY };
	}
	return 0;
}

static int sort_into_lanes(struct merge *merge)
{
	uint64_t slot_cnt = 16;
	struct lane *shrunk;
	uint32_t *slots;

	while (slot_cnt < (uint64_t)merge->entry_cnt * 2)
		slot_cnt *= 2;
	slots = calloc(slot_cnt, sizeof(*slots));
	merge->lanes = calloc((size_t)merge->entry_cnt + 1, sizeof(*merge->lanes));
	if (!slots || !merge->lanes) {
		free(slots);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < merge->entry_cnt; i++)
		add_to_lane(merge, slots, slot_cnt - 1, i);
	free(slots);
	/* there are far fewer lanes than entries; the larger one would do as well */
	shrunk = realloc(merge->lanes, ((size_t)merge->lane_cnt + 1) * sizeof(*merge->lanes));
	if (shrunk)
		merge->lanes = shrunk;
	return 0;
}

static int build_heap(struct merge *merge)
{
	merge->heap = calloc((size_t)merge->lane_cnt + 1, sizeof(*merge->heap));
	if (!merge->heap)
		return -ENOMEM;
	for (uint32_t i = 0; i < merge->lane_cnt; i++) {
		(void)start_entry(merge, &merge->lanes[i]);
		if (advance_lane(merge, &merge->lanes[i]))
			merge->heap[merge->heap_cnt++] = i;
	}
	for (uint32_t i = merge->heap_cnt / 2; i-- > 0;)
		sift_down(merge, i);
	return 0;
}

struct merge *merge__new(const struct ring_copy *copy, const struct catalog *catalog,
			 const struct clock *clock)
{
	struct merge *merge = calloc(1, sizeof(*merge));
	int err;

	if (!merge)
		return NULL;
	merge->catalog = catalog;
	merge->clock = clock;
	err = list_entries(merge, copy);
	if (!err)
		err = sort_into_lanes(merge);
	if (!err)
		err = build_heap(merge);
	if (err) {
		merge__free(merge);
		errno = -err;
		return NULL;
	}
	return merge;
}

void merge__free(struct merge *merge)
{
	if (!merge)
		return;
	free(merge->entries);
	free(merge->lanes);
	free(merge->heap);
	free(merge);
}

uint64_t merge__corrupt_cnt(const struct merge *merge)
{
	return merge->corrupt_cnt;
}

/* SPDX-License-Identifier: MIT */
/*
 * A k-way merge over lanes. The entries of a lane are in the order of time in the ring: they are of
 * one thread and one batch.
 *
 * A thread has a batch in every module that it logs from, and these fill at different speeds. It
 * leaves a batch whose append does not end (after a jump out of a signal handler, or for long), and
 * what is in that batch comes late. Batches of a single record (sequence number 0,
 * TTLOG_BATCH_ALONE) overtake the batch that is being filled. So each of these is a lane of its
 * own.
 *
 * A record's time comes from its ticks. It is at most the time when the kernel took the batch, and
 * at least that of the record before it in its lane: so a program can lie only so far.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ttlog/abi.h"

#include "array.h"
#include "catalog.h"
#include "clock.h"
#include "format.h"
#include "hash.h"
#include "hash_table.h"
#include "heap.h"
#include "merge.h"
#include "name_fields.h"
#include "record.h"
#include "ring.h"
#include "side_record.h"
#include "site.h"

#define NO_ENTRY UINT32_MAX

/* What is read of an entry at once: with many lanes, and with few. */
#define WINDOW_MIN_BYTES ((size_t)512)
#define WINDOW_MAX_BYTES ((size_t)64 << 10)

struct merge_entry {
	size_t place;
	uint32_t next; /* the next one of the lane, NO_ENTRY at the end */
};

struct lane {
	uint32_t thread, module;
	uint32_t slot;        /* of its thread in the contexts; CONTEXTS_NO_SLOT: not looked for */
	bool begins;          /* the entry is at the start of a batch */
	bool is_alone;        /* batches of a single record */
	uint64_t page;        /* of the batch; 0 where is_alone */
	uint32_t first, last; /* entries; `first` is the one being walked */
	struct ring_entry entry;
	struct record_walk walk; /* over what is in the window */
	unsigned char *window;
	uint32_t window_end;               /* where that ends in the entry's records */
	uint32_t good_cnt;                 /* records of the entry being walked */
	struct clock_span span;            /* where the last ticks were */
	uint8_t span_clock;                /* 0: span is not set */
	struct merge_record record;        /* the next one */
	bool begun;                        /* no event and no context of its batch is before it */
	struct ttlog_side_suppressed said; /* for the event after it; cnt 0: nothing */
};

struct merge {
	struct ring_copy *copy;
	const struct catalog *catalog;
	const struct clock *clock;
	struct contexts *contexts;
	struct name_fields *names; /* NULL: there was no field with a mangled name */
	struct merge_entry *entries;
	uint32_t entry_cnt;
	struct lane *lanes;
	size_t lane_cnt, lane_cap;
	uint64_t secret; /* of the hashes of lanes */
	unsigned char *windows;
	size_t window_bytes;      /* of one */
	struct heap_source *heap; /* lanes that have a record, the earliest on top */
	size_t heap_cnt;
	bool has_given; /* the record on top */
	bool has_contexts;
	uint64_t corrupt_cnt;
};

/* ---- windows ---- */

static uint32_t min_bytes(size_t a, size_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* Fills the window from there on. */
static void fill(const struct merge *merge, struct lane *lane, uint32_t from)
{
	const uint32_t bytes = min_bytes(lane->entry.bytes - from, merge->window_bytes);
	const size_t records = merge->entries[lane->first].place + sizeof(lane->entry);

	ring_copy__read(merge->copy, records + from, lane->window, bytes);
	lane->walk.at = lane->window;
	lane->walk.end = lane->window + bytes;
	lane->window_end = from + bytes;
}

/* Skips a record that is larger than a window: no record that counts is. False: it is no record. */
static bool skip_large(const struct merge *merge, struct lane *lane, uint32_t from)
{
	struct ttlog_record head;
	size_t bytes;

	memcpy(&head, lane->window, sizeof(head));
	bytes = (size_t)(head.site_len & TTLOG_RECORD_LEN_MASK) * TTLOG_RECORD_ALIGN;
	if (bytes <= merge->window_bytes || bytes > lane->entry.bytes - from)
		return false;
	lane->walk.left -= lane->walk.left > 0;
	fill(merge, lane, from + (uint32_t)bytes);
	return true;
}

/* record_walk__next() over the whole entry. */
static int next_in_entry(const struct merge *merge, struct lane *lane, struct record *ret_record)
{
	int found;

	while ((found = record_walk__next(&lane->walk, ret_record)) != 1) {
		const size_t rest = (size_t)(lane->walk.end - lane->walk.at);
		const uint32_t from = lane->window_end - (uint32_t)rest;

		/* the entry's end, or nothing that can be a record */
		if (lane->window_end == lane->entry.bytes)
			return found;
		if (lane->walk.at != lane->window)
			fill(merge, lane, from);
		else if (!skip_large(merge, lane, from))
			return -EBADMSG;
	}
	return 1;
}

/* ---- lanes ---- */

static uint64_t map_ticks(const struct merge *merge, struct lane *lane, uint8_t clock,
			  uint64_t ticks)
{
	if (lane->span_clock != clock || !clock || ticks < lane->span.from_ticks ||
	    ticks > lane->span.to_ticks) {
		clock__find_span(merge->clock, clock, ticks, lane->entry.stamp_ns, &lane->span);
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

/* Whether it is known: a ring that an earlier collector left has only how many bytes were
 * before. */
static bool has_place(const struct ring_entry *entry, uint32_t place)
{
	return (entry->place || !entry->words) && place < FORMAT_BATCH_MAX_EVENTS;
}

static void take_record(const struct merge *merge, struct lane *lane, const struct record *record,
			const struct catalog_site *site)
{
	const struct ring_entry *entry = &lane->entry;
	uint64_t mapped_ns =
		map_ticks(merge, lane, entry->clock, entry->base_ticks + record->delta_ticks);
	uint64_t ns = mapped_ns < entry->stamp_ns ? mapped_ns : entry->stamp_ns;
	const uint32_t place = entry->place + entry->events - lane->walk.left - 1;
	uint64_t duration_ns = 0;

	if (site && site->is_span_end)
		duration_ns = measure_span(merge, lane, entry->clock, record->fields, mapped_ns);
	lane->record = (struct merge_record){
		.mono_ns = ns > lane->record.mono_ns ? ns : lane->record.mono_ns,
		.duration_ns = duration_ns,
		.site = site,
		.fields = record->fields,
		.bytes = (uint32_t)(sizeof(struct ttlog_record) + record->fields_len),
		.thread = entry->thread,
		.seq = entry->seq,
		.base_ticks = has_place(entry, place) ? entry->base_ticks : 0,
		.place = place,
	};
	lane->begun = lane->begins;
	lane->begins = false;
}

/* The next good record of the entry being walked; one without a site is a side record. */
static bool advance_in_entry(const struct merge *merge, struct lane *lane)
{
	const struct catalog_site *site;
	struct record record;

	while (next_in_entry(merge, lane, &record) == 1) {
		if (record.site_index == TTLOG_SIDE_SITE) {
			take_record(merge, lane, &record, NULL);
			return true;
		}
		site = catalog__find(merge->catalog, lane->module, record.site_index);
		if (!site || !catalog_site__fits(site, record.fields, record.fields_len))
			continue;
		lane->good_cnt++;
		take_record(merge, lane, &record, site);
		return true;
	}
	return false;
}

static bool start_entry(struct merge *merge, struct lane *lane)
{
	if (lane->first == NO_ENTRY)
		return false;
	ring_copy__read(merge->copy, merge->entries[lane->first].place, &lane->entry,
			sizeof(lane->entry));
	lane->walk.left = lane->entry.events;
	lane->good_cnt = 0;
	lane->begins = ring_entry__begins_batch(&lane->entry);
	/* the span depends on the entry's stamp */
	lane->span_clock = 0;
	fill(merge, lane, 0);
	return true;
}

static void end_entry(struct merge *merge, struct lane *lane)
{
	merge->corrupt_cnt += lane->entry.events - lane->good_cnt;
	lane->first = merge->entries[lane->first].next;
}

/* False: the lane has no more records. */
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

static void pass(struct merge *merge)
{
	struct heap_source *top = merge->heap;
	struct lane *lane = &merge->lanes[top->number];

	if (advance_lane(merge, lane))
		top->key = lane->record.mono_ns;
	else
		*top = merge->heap[--merge->heap_cnt];
	if (merge->heap_cnt)
		heap__sift_down(merge->heap, merge->heap_cnt, 0);
}

static uint32_t slot_of(struct merge *merge, struct lane *lane)
{
	if (lane->slot == CONTEXTS_NO_SLOT)
		lane->slot = contexts__slot(merge->contexts, lane->thread);
	return lane->slot;
}

/* Only a context changes what the batch begins with. */
static void take_side(struct merge *merge, struct lane *lane)
{
	const struct merge_record *record = &lane->record;
	const size_t len = record->bytes - sizeof(struct ttlog_record);

	if (!contexts__is_one(record->fields, len)) {
		(void)side_record__suppressed(record->fields, len, &lane->said);
		lane->begins = lane->begun;
		return;
	}
	contexts__take(merge->contexts, slot_of(merge, lane), lane->module, record->fields, len);
	merge->has_contexts = true;
}

static void add_context(struct merge *merge, struct lane *lane, struct merge_record *record)
{
	const uint32_t slot = slot_of(merge, lane);

	if (lane->begun)
		contexts__forget(merge->contexts, slot, lane->module);
	record->context = *contexts__now(merge->contexts, slot);
}

/* Without memory they stay mangled. */
static void read_names(struct merge *merge, struct merge_record *record)
{
	if (!merge->names)
		merge->names = name_fields__new();
	if (merge->names)
		record->fields = name_fields__read(merge->names, record->site, record->fields,
						   &record->bytes);
}

/* It was said of the event, unless that could not be decoded. */
static void add_suppressed(struct lane *lane, struct merge_record *record)
{
	if (lane->said.site == record->site->site->index)
		record->suppressed = lane->said.cnt;
	lane->said.cnt = 0;
}

int merge__next(struct merge *merge, struct merge_record *ret_record)
{
	struct lane *lane;

	/* not earlier: the record that was given is in the lane's window */
	if (merge->has_given)
		pass(merge);
	for (;; pass(merge)) {
		merge->has_given = merge->heap_cnt > 0;
		if (!merge->has_given)
			return 0;
		lane = &merge->lanes[merge->heap->number];
		if (lane->record.site)
			break;
		take_side(merge, lane);
	}
	*ret_record = lane->record;
	if (lane->said.cnt)
		add_suppressed(lane, ret_record);
	if (merge->has_contexts)
		add_context(merge, lane, ret_record);
	if (ret_record->site->names)
		read_names(merge, ret_record);
	return 1;
}

size_t merge__oldest(const struct merge *merge)
{
	uint32_t oldest = merge->entry_cnt - 1;

	if (!merge->entry_cnt)
		return 0;
	for (size_t i = 0; i < merge->heap_cnt; i++) {
		const struct lane *lane = &merge->lanes[merge->heap[i].number];

		if (lane->first < oldest)
			oldest = lane->first;
	}
	return merge->entries[oldest].place;
}

/* ---- making one ---- */

/* A single record is on a stack, at any address. */
static uint64_t page_of(const struct ring_entry *entry)
{
	return entry->seq ? entry->page : 0;
}

/* A program chooses its pages. */
static uint64_t hash_lane(const struct merge *merge, const struct ring_entry *entry)
{
	const uint64_t thread = (uint64_t)entry->thread << 32 | entry->module;
	const uint64_t hash = hash__mix(hash__mix(merge->secret, thread), page_of(entry));

	return entry->seq ? hash : ~hash;
}

struct wanted_lane {
	const struct lane *lanes;
	const struct ring_entry *entry;
};

static bool is_lane_of(const void *ctx, uint32_t number)
{
	const struct wanted_lane *wanted = ctx;
	const struct lane *lane = &wanted->lanes[number];
	const struct ring_entry *entry = wanted->entry;

	return lane->thread == entry->thread && lane->module == entry->module &&
	       lane->is_alone == (entry->seq == 0) && lane->page == page_of(entry);
}

/* Puts entry i at the end of its lane. 0 or -ENOMEM. */
static int add_to_lane(struct merge *merge, struct hash_table *numbers, uint32_t i,
		       const struct ring_entry *entry)
{
	const struct wanted_lane wanted = { .lanes = merge->lanes, .entry = entry };
	const uint64_t hash = hash_lane(merge, entry);
	const uint32_t number = hash_table__find(numbers, hash, is_lane_of, &wanted);

	if (number != HASH_TABLE_NONE) {
		struct lane *lane = &merge->lanes[number];

		merge->entries[lane->last].next = i;
		lane->last = i;
		return 0;
	}
	if (array__reserve(merge->lanes, merge->lane_cnt + 1, &merge->lane_cap) ||
	    hash_table__add(numbers, hash, (uint32_t)merge->lane_cnt))
		return -ENOMEM;
	merge->lanes[merge->lane_cnt++] = (struct lane){
		.thread = entry->thread,
		.module = entry->module,
		.slot = CONTEXTS_NO_SLOT,
		.is_alone = entry->seq == 0,
		.page = page_of(entry),
		.first = i,
		.last = i,
	};
	return 0;
}

static int list_entries(struct merge *merge, struct hash_table *numbers)
{
	const struct ring_entry *entry;
	size_t cursor = 0;
	int err = 0;

	while (!err && (entry = ring_copy__next(merge->copy, &cursor))) {
		/* an entry of an unknown thread has no place in the file */
		if (catalog__thread_number(merge->catalog, entry->thread) == CATALOG_NO_NUMBER) {
			merge->corrupt_cnt += entry->events;
			continue;
		}
		merge->entries[merge->entry_cnt] = (struct merge_entry){
			.place = ring_copy__place(merge->copy),
			.next = NO_ENTRY,
		};
		err = add_to_lane(merge, numbers, merge->entry_cnt++, entry);
	}
	return err;
}

static int sort_into_lanes(struct merge *merge)
{
	const size_t cnt = merge->catalog->entry_cnt;
	struct hash_table numbers = { .cap = 0 };
	int err;

	if (cnt >= NO_ENTRY)
		return -EOVERFLOW;
	merge->entries = calloc(cnt + 1, sizeof(*merge->entries));
	if (!merge->entries)
		return -ENOMEM;
	err = list_entries(merge, &numbers);
	hash_table__fini(&numbers);
	return err;
}

static int make_windows(struct merge *merge)
{
	const size_t record_max = sizeof(struct ttlog_record) + merge->catalog->fields_max_bytes;
	size_t bytes = MERGE_WINDOWS_BYTES / (merge->lane_cnt ? merge->lane_cnt : 1);

	if (bytes > WINDOW_MAX_BYTES)
		bytes = WINDOW_MAX_BYTES;
	if (bytes < WINDOW_MIN_BYTES)
		bytes = WINDOW_MIN_BYTES;
	if (bytes < record_max)
		bytes = record_max;
	merge->window_bytes = bytes;
	merge->windows = calloc(merge->lane_cnt + 1, bytes);
	for (size_t i = 0; merge->windows && i < merge->lane_cnt; i++)
		merge->lanes[i].window = merge->windows + i * bytes;
	return merge->windows ? 0 : -ENOMEM;
}

static int build_heap(struct merge *merge)
{
	merge->heap = calloc(merge->lane_cnt + 1, sizeof(*merge->heap));
	if (!merge->heap)
		return -ENOMEM;
	for (uint32_t i = 0; i < merge->lane_cnt; i++) {
		struct lane *lane = &merge->lanes[i];

		(void)start_entry(merge, lane);
		if (advance_lane(merge, lane))
			merge->heap[merge->heap_cnt++] =
				(struct heap_source){ .key = lane->record.mono_ns, .number = i };
	}
	heap__make(merge->heap, merge->heap_cnt);
	return 0;
}

struct merge *merge__new(struct ring_copy *copy, const struct catalog *catalog,
			 const struct clock *clock, struct contexts *contexts)
{
	struct merge *merge = calloc(1, sizeof(*merge));
	int err;

	if (!merge)
		return NULL;
	merge->copy = copy;
	merge->catalog = catalog;
	merge->clock = clock;
	merge->contexts = contexts;
	merge->has_contexts = !contexts__are_none(contexts);
	merge->secret = hash__new_secret();
	err = sort_into_lanes(merge);
	if (!err)
		err = make_windows(merge);
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
	name_fields__free(merge->names);
	free(merge->entries);
	free(merge->lanes);
	free(merge->windows);
	free(merge->heap);
	free(merge);
}

uint64_t merge__corrupt_cnt(const struct merge *merge)
{
	return merge->corrupt_cnt;
}

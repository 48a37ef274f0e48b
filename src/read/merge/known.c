/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "hash.h"
#include "identity.h"
#include "known.h"
#include "reader.h"
#include "row_selection.h"

/* A collector writes four bytes or more for each run. Memory for more runs is refused. */
#define RANGES_BASE      65536u
#define BYTES_PER_RANGES 4u

#define NO_RANGE UINT32_MAX

void known__init(struct known *known, uint64_t file_bytes)
{
	const uint64_t most = RANGES_BASE + file_bytes / BYTES_PER_RANGES;

	*known = (struct known){ .most = most < NO_RANGE ? (size_t)most : NO_RANGE - 1 };
	known->secret = hash__new_secret();
}

/* 0: its events have no identity. */
static uint64_t hash_batch(const struct known *known, uint64_t family, const struct header *header,
			   const struct identity_run *run)
{
	const struct ttlog_thread *thread = &header->threads[run->thread];
	uint64_t hash = hash__mix(known->secret, family);
	struct ttlog_text build_id;

	if (!run->ticks || !thread->tid)
		return 0;
	hash = hash__mix(hash, thread->pid);
	hash = hash__mix(hash, thread->tid);
	hash = hash__mix(hash, run->seq);
	hash = hash__mix(hash, run->ticks);
	build_id = header->modules[run->module].build_id;
	return hash__bytes(hash, build_id.p, build_id.len) | 1;
}

static bool has_room(struct known *known)
{
	return known->cnt < known->most &&
	       !array__reserve(known->ranges, known->cnt + 1, &known->cap);
}

void known__add(struct known *known, uint64_t family, uint32_t number,
		struct ttlog_snapshot *reader)
{
	const struct identities *identities = identity__of_chunk(&reader->chunk, &reader->header);

	for (uint32_t i = 0; identities && i < identities->run_cnt && has_room(known); i++) {
		const struct identity_run *run = &identities->runs[i];
		const uint64_t batch = hash_batch(known, family, &reader->header, run);

		if (!batch)
			continue;
		known->ranges[known->cnt++] = (struct known_range){
			.batch = batch,
			.number = number,
			.first = (uint16_t)run->first,
			.last = (uint16_t)(run->first + run->cnt - 1),
		};
	}
}

static int compare(const void *a, const void *b)
{
	const struct known_range *x = a, *y = b;

	if (x->batch != y->batch)
		return x->batch < y->batch ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Sorts the ranges and removes overlaps; the lowest file number wins. */
void known__sort(struct known *known)
{
	struct known_range *ranges = known->ranges;
	size_t cnt = 0;

	if (!known->cnt)
		return;
	qsort(ranges, known->cnt, sizeof(*ranges), compare);
	for (size_t i = 1; i < known->cnt; i++) {
		struct known_range *last = &ranges[cnt], range = ranges[i];

		if (range.batch != last->batch || range.first > last->last) {
			ranges[++cnt] = range;
		} else if (range.number >= last->number) {
			if (range.last <= last->last)
				continue;
			range.first = last->last + 1;
			ranges[++cnt] = range;
		} else if (range.first > last->first) {
			/* drops the rest of `last` after this range: an event there may occur
			 * twice */
			last->last = range.first - 1;
			ranges[++cnt] = range;
		} else {
			*last = range;
		}
	}
	known->cnt = cnt + 1;
}

/* The first range of the batch that ends at that place or later; or NO_RANGE. */
static uint32_t find(const struct known *known, uint64_t batch, uint32_t place)
{
	size_t low = 0, high = known->cnt;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const struct known_range *range = &known->ranges[mid];

		if (range->batch < batch || (range->batch == batch && range->last < place))
			low = mid + 1;
		else
			high = mid;
	}
	return low < known->cnt && known->ranges[low].batch == batch ? (uint32_t)low : NO_RANGE;
}

/* For each run, its first range. ret_any: whether some events are to be left out. NULL: no
 * memory. */
static uint32_t *find_all(const struct known *known, uint64_t family, uint32_t number,
			  struct ttlog_snapshot *reader, const struct identities *identities,
			  bool *ret_any)
{
	uint32_t *at = arena__alloc(&reader->chunk.arena, identities->run_cnt, sizeof(*at));

	*ret_any = false;
	for (uint32_t i = 0; at && i < identities->run_cnt; i++) {
		const struct identity_run *run = &identities->runs[i];
		const uint64_t batch = hash_batch(known, family, &reader->header, run);

		at[i] = batch ? find(known, batch, run->first) : NO_RANGE;
		/* ranges may also be of the same file or of later ones */
		*ret_any |= at[i] != NO_RANGE &&
			    (known->ranges[at[i]].number < number ||
			     known->ranges[at[i]].last - run->first < (int64_t)run->cnt - 1);
	}
	return at;
}

/* Places of a run ascend, so `at` only moves forward. */
static bool has(const struct known *known, uint32_t *at, uint32_t place, uint32_t number)
{
	const uint64_t batch = *at == NO_RANGE ? 0 : known->ranges[*at].batch;

	while (*at != NO_RANGE && known->ranges[*at].last < place) {
		const bool goes_on = *at + 1 < known->cnt && known->ranges[*at + 1].batch == batch;

		*at = goes_on ? *at + 1 : NO_RANGE;
	}
	return *at != NO_RANGE && known->ranges[*at].first <= place &&
	       known->ranges[*at].number < number;
}

int known__leave_out(const struct known *known, uint64_t family, uint32_t number,
		     struct ttlog_snapshot *reader, struct row_selection *selection)
{
	const struct identities *identities;
	uint32_t *at, *positions, cnt = 0;
	bool any;

	if (!known->cnt || !selection->cnt)
		return 0;
	identities = identity__of_chunk(&reader->chunk, &reader->header);
	if (!identities)
		return 0;
	at = find_all(known, family, number, reader, identities, &any);
	if (!at)
		return -ENOMEM;
	if (!any)
		return 0;
	positions = arena__alloc(&reader->chunk.arena, selection->cnt, sizeof(*positions));
	if (!positions)
		return -ENOMEM;
	for (uint32_t i = 0; i < selection->cnt; i++) {
		const uint32_t event = row_selection__at(selection, i);

		positions[cnt] = event;
		cnt += !has(known, &at[identities->run_of[event]], identities->places[event],
			    number);
	}
	if (cnt == selection->cnt)
		return 0;
	selection->cnt = cnt;
	selection->positions = positions;
	return 0;
}

void known__fini(struct known *known)
{
	free(known->ranges);
}

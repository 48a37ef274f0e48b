/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "batch_out.h"
#include "catalog.h"
#include "cbor_out.h"
#include "column_out.h"
#include "merge.h"

#define FIRST_CAP 64u
/* thread, module, first and count take 4 at most, seq and ticks 8. */
#define RUN_BYTES 32u

struct run {
	uint64_t seq, ticks;
	uint32_t thread, module;
	uint32_t first, cnt; /* places */
};

struct batch_out {
	struct run *runs;
	size_t cnt, cap;
	size_t first_cnt; /* runs that are the first of their thread and module */
	uint32_t *slots;  /* by thread and module: the last run of these + 1; 0: free. Open
			  * addressing, twice as many as there is room for runs */
	bool is_short;    /* of memory */
};

struct batch_out *batch_out__new(void)
{
	struct batch_out *batches = calloc(1, sizeof(*batches));

	if (!batches)
		return NULL;
	batches->cap = FIRST_CAP;
	batches->runs = calloc(FIRST_CAP, sizeof(*batches->runs));
	batches->slots = calloc((size_t)2 * FIRST_CAP, sizeof(*batches->slots));
	if (batches->runs && batches->slots)
		return batches;
	batch_out__free(batches);
	return NULL;
}

void batch_out__free(struct batch_out *batches)
{
	if (!batches)
		return;
	free(batches->runs);
	free(batches->slots);
	free(batches);
}

static uint32_t *find_slot(const struct batch_out *batches, uint32_t thread, uint32_t module)
{
	const uint64_t mask = 2 * (uint64_t)batches->cap - 1;
	uint64_t at = ((uint64_t)thread << 32 | module) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (at &= mask; batches->slots[at]; at = (at + 1) & mask) {
		const struct run *run = &batches->runs[batches->slots[at] - 1];

		if (run->thread == thread && run->module == module)
			break;
	}
	return &batches->slots[at];
}

/* Later runs take the slots of earlier ones of the same thread and module. */
static void fill_slots(struct batch_out *batches)
{
	memset(batches->slots, 0, 2 * batches->cap * sizeof(*batches->slots));
	for (uint32_t i = 0; i < batches->cnt; i++)
		*find_slot(batches, batches->runs[i].thread, batches->runs[i].module) = i + 1;
}

static bool grow(struct batch_out *batches)
{
	const size_t cap = batches->cap * 2;
	struct run *runs = reallocarray(batches->runs, cap, sizeof(*runs));
	uint32_t *slots = NULL;

	if (runs) {
		batches->runs = runs;
		slots = reallocarray(batches->slots, 2 * cap, sizeof(*slots));
	}
	if (!slots)
		return false;
	batches->slots = slots;
	batches->cap = cap;
	fill_slots(batches);
	return true;
}

static bool goes_on(const struct run *run, const struct merge_record *record)
{
	if (run->ticks != record->base_ticks || run->seq != record->seq)
		return false;
	/* if places are not known, one run is as good as many */
	return !run->ticks || run->first + run->cnt == record->place;
}

void batch_out__add(struct batch_out *batches, uint32_t thread, const struct merge_record *record)
{
	const uint32_t module = record->site->module;
	uint32_t *slot = find_slot(batches, thread, module);

	if (*slot && goes_on(&batches->runs[*slot - 1], record)) {
		batches->runs[*slot - 1].cnt++;
		return;
	}
	if (batches->cnt == batches->cap) {
		if (!grow(batches)) {
			batches->is_short = true;
			return;
		}
		slot = find_slot(batches, thread, module);
	}
	batches->first_cnt += !*slot;
	batches->runs[batches->cnt++] = (struct run){
		.seq = record->seq,
		.ticks = record->base_ticks,
		.thread = thread,
		.module = module,
		.first = record->base_ticks ? record->place : 0,
		.cnt = 1,
	};
	*slot = (uint32_t)batches->cnt;
}

size_t batch_out__bytes(const struct batch_out *batches)
{
	return batches->cnt * RUN_BYTES;
}

size_t batch_out__first_bytes(const struct batch_out *batches)
{
	return batches->first_cnt * RUN_BYTES;
}

bool batch_out__is_whole(const struct batch_out *batches)
{
	return !batches->is_short;
}

#define PUT_COLUMN(name, member)                                                                   \
	do {                                                                                       \
		for (size_t i = 0; i < batches->cnt; i++)                                          \
			numbers[i] = batches->runs[i].member;                                      \
		cbor_out__text(out, name);                                                         \
		column_out__ints(column, out, numbers, batches->cnt, false);                       \
	} while (0)

void batch_out__put(const struct batch_out *batches, struct column_out *column, uint64_t *numbers,
		    struct cbor_out *out)
{
	cbor_out__map(out, 7);
	cbor_out__text(out, "n");
	cbor_out__uint(out, batches->cnt);
	PUT_COLUMN("thread", thread);
	PUT_COLUMN("module", module);
	PUT_COLUMN("seq", seq);
	PUT_COLUMN("ticks", ticks);
	PUT_COLUMN("first", first);
	PUT_COLUMN("count", cnt);
}

void batch_out__reset(struct batch_out *batches)
{
	batches->cnt = batches->first_cnt = 0;
	batches->is_short = false;
	memset(batches->slots, 0, 2 * batches->cap * sizeof(*batches->slots));
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "array.h"
#include "chunk.h"
#include "format.h"
#include "header.h"
#include "identity.h"
#include "unpack.h"

enum {
	THREAD,
	MODULE,
	SEQ,
	TICKS,
	FIRST,
	COUNT,
	COLUMN_CNT
};

/* Finds the columns, undecoded, and `n`. */
static int find_columns(struct ttlog_cbor in, struct ttlog_cbor *columns, uint64_t *ret_n)
{
	const struct cbor_member members[] = {
		{ "n", .number = ret_n },
		{ "thread", .item = &columns[THREAD] },
		{ "module", .item = &columns[MODULE] },
		{ "seq", .item = &columns[SEQ] },
		{ "ticks", .item = &columns[TICKS] },
		{ "first", .item = &columns[FIRST] },
		{ "count", .item = &columns[COUNT] },
	};

	if (cbor_reader__members(members, ARRAY_SIZE(members), &in))
		return -EBADMSG;
	for (size_t k = 0; k < COLUMN_CNT; k++) {
		if (!columns[k].at)
			return -EBADMSG;
	}
	return 0;
}

static uint64_t number_at(const struct ttlog_column *column, uint64_t i)
{
	return column->nums[i & column->mask];
}

static bool is_run(const struct identity_run *run, uint64_t first, uint64_t cnt)
{
	return first < FORMAT_BATCH_MAX_EVENTS && cnt && cnt <= FORMAT_BATCH_MAX_EVENTS &&
	       (!run->ticks || first + cnt <= FORMAT_BATCH_MAX_EVENTS);
}

static int read_runs(struct chunk *chunk, struct identities *ret)
{
	struct ttlog_cbor starts[COLUMN_CNT] = { { NULL, NULL } };
	struct ttlog_column columns[COLUMN_CNT];
	struct identity_run *runs;
	uint64_t n = 0, sum = 0;
	int err = find_columns(chunk->batches, starts, &n);

	if (err || !n || n > chunk->events.n)
		return -EBADMSG;
	for (size_t k = 0; !err && k < COLUMN_CNT; k++)
		err = unpack__column(&chunk->arena, &starts[k], TTLOG_TYPE_NONE, n, &columns[k]);
	runs = err ? NULL : arena__alloc(&chunk->arena, n, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t first = number_at(&columns[FIRST], i);
		const uint64_t cnt = number_at(&columns[COUNT], i);

		runs[i] = (struct identity_run){
			.seq = number_at(&columns[SEQ], i),
			.ticks = number_at(&columns[TICKS], i),
			.thread = (uint32_t)number_at(&columns[THREAD], i),
			.module = (uint32_t)number_at(&columns[MODULE], i),
			.first = (uint32_t)first,
			.cnt = (uint32_t)cnt,
		};
		if (!is_run(&runs[i], first, cnt))
			return -EBADMSG;
		sum += cnt;
	}
	ret->runs = runs;
	ret->run_cnt = (uint32_t)n;
	return sum == chunk->events.n ? 0 : -EBADMSG;
}

/* The open run of one thread and module. */
struct cursor {
	uint32_t run; /* its number + 1; 0: the slot is free */
	uint32_t left;
};

struct walk {
	const struct identities *identities;
	struct cursor *cursors; /* hash table by thread and module, open addressing */
	uint64_t mask;
	uint32_t next; /* the next run to begin */
};

static struct cursor *find_cursor(const struct walk *walk, uint32_t thread, uint32_t module)
{
	uint64_t at = ((uint64_t)thread << 32 | module) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (at &= walk->mask; walk->cursors[at].run; at = (at + 1) & walk->mask) {
		const struct identity_run *run = &walk->identities->runs[walk->cursors[at].run - 1];

		if (run->thread == thread && run->module == module)
			break;
	}
	return &walk->cursors[at];
}

/* The cursor whose run has the next event; NULL: no run has it. */
static struct cursor *enter(struct walk *walk, uint32_t thread, uint32_t module)
{
	struct cursor *cursor = find_cursor(walk, thread, module);
	const struct identity_run *run;

	if (cursor->run && cursor->left)
		return cursor;
	if (walk->next == walk->identities->run_cnt)
		return NULL;
	run = &walk->identities->runs[walk->next];
	if (run->thread != thread || run->module != module)
		return NULL;
	cursor->run = ++walk->next;
	cursor->left = run->cnt;
	return cursor;
}

static int place_events(struct chunk *chunk, const struct header *header, struct identities *ret)
{
	const struct ttlog_chunk *events = &chunk->events;
	struct walk walk = { .identities = ret, .mask = 1 };
	uint32_t *run_of = arena__alloc(&chunk->arena, events->n, sizeof(*run_of));
	uint16_t *places = arena__alloc(&chunk->arena, events->n, sizeof(*places));

	while (walk.mask < 2 * (uint64_t)ret->run_cnt)
		walk.mask = 2 * walk.mask + 1;
	walk.cursors = arena__alloc(&chunk->arena, walk.mask + 1, sizeof(*walk.cursors));
	if (!run_of || !places || !walk.cursors)
		return -ENOMEM;
	memset(walk.cursors, 0, (walk.mask + 1) * sizeof(*walk.cursors));
	for (uint32_t i = 0; i < events->n; i++) {
		const uint32_t site = events->groups[ttlog_chunk_group(events, i)].site;
		struct cursor *cursor =
			enter(&walk, ttlog_chunk_thread(events, i), header->site_modules[site]);
		const struct identity_run *run;

		if (!cursor)
			return -EBADMSG;
		run = &ret->runs[cursor->run - 1];
		run_of[i] = cursor->run - 1;
		places[i] = (uint16_t)(run->first + (run->cnt - cursor->left--));
	}
	ret->run_of = run_of;
	ret->places = places;
	return 0;
}

const struct identities *identity__of_chunk(struct chunk *chunk, const struct header *header)
{
	struct identities *identities;

	if (chunk->tried_identities)
		return chunk->identities;
	chunk->tried_identities = true;
	if (!chunk->batches.at || !header__has_identity(header))
		return NULL;
	identities = arena__alloc(&chunk->arena, 1, sizeof(*identities));
	if (identities && !read_runs(chunk, identities) && !place_events(chunk, header, identities))
		chunk->identities = identities;
	return chunk->identities;
}

bool identity__find(struct chunk *chunk, const struct header *header, uint32_t i,
		    struct identity *ret)
{
	const struct identities *identities = identity__of_chunk(chunk, header);

	if (!identities || i >= chunk->events.n)
		return false;
	ret->run = &identities->runs[identities->run_of[i]];
	ret->place = identities->places[i];
	return ret->run->ticks && header->threads[ret->run->thread].tid;
}

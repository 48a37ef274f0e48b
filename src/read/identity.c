/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "chunk.h"
#include "event.h"
#include "format.h"
#include "format_number.h"
#include "hash.h"
#include "header.h"
#include "hex.h"
#include "identity.h"
#include "reader.h"
#include "unpack.h"

/* ---- The header's part ---- */

int identity__spread_modules(struct header *header)
{
	const size_t site_cnt = header->info.site_cnt;
	uint32_t *modules = arena__alloc(&header->arena, site_cnt, sizeof(*modules));
	size_t at = 0;

	if (!modules)
		return -ENOMEM;
	for (size_t i = 0; i < header->module_cnt; i++) {
		if (header->modules[i].site_cnt > site_cnt - at)
			return -EBADMSG;
		for (uint64_t k = 0; k < header->modules[i].site_cnt; k++)
			modules[at++] = (uint32_t)i;
	}
	if (at != site_cnt)
		return -EBADMSG;
	header->site_modules = modules;
	return 0;
}

bool identity__has_any(const struct header *header)
{
	const struct ttlog_info *info = &header->info;

	return info->has_header && info->has_pid && info->has_start_time && info->boot_id.len &&
	       header->site_modules;
}

bool identity__is_process(const struct ttlog_info *a, const struct ttlog_info *b)
{
	return a->pid == b->pid && a->start_time == b->start_time &&
	       ttlog_text_equal(a->boot_id, b->boot_id);
}

/* ---- The chunk's ---- */

enum {
	THREAD,
	MODULE,
	SEQ,
	TICKS,
	FIRST,
	COUNT,
	COLUMN_CNT
};

/* The columns where they stand, and `n`. */
static int find_columns(struct ttlog_cbor in, struct ttlog_cbor *columns, uint64_t *ret_n)
{
	static const char *const names[COLUMN_CNT] = { "thread", "module", "seq",
						       "ticks",  "first",  "count" };
	uint64_t pairs;

	if (cbor_reader__map(&in, &pairs))
		return -EBADMSG;
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_text key;
		int err = cbor_reader__text(&in, &key);

		if (!err && ttlog_text_is(key, "n")) {
			err = cbor_reader__uint(&in, ret_n);
		} else if (!err) {
			for (size_t k = 0; k < COLUMN_CNT; k++) {
				if (ttlog_text_is(key, names[k]))
					columns[k] = in;
			}
			err = ttlog_cbor_skip(&in);
		}
		if (err)
			return err;
	}
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

/* The run that each thread is in, in each module. */
struct cursor {
	uint32_t run; /* its number + 1; 0: the place is free */
	uint32_t left;
};

struct walk {
	const struct identities *identities;
	struct cursor *cursors; /* by thread and module, open addressing */
	uint64_t mask;
	uint32_t next; /* run that has not begun */
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

/* The cursor of the next event, which has at least that one left; NULL where it is in no run. */
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
	if (!chunk->batches.at || !identity__has_any(header))
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

/* ---- As text ---- */

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	char text[FORMAT_NUMBER_BYTES];
	const size_t len = format__u64(text, number);

	return hash__fnv(hash__fnv(hash, "/", 1), text, len);
}

static uint64_t hash_run(const struct header *header, const struct identity_run *run)
{
	const struct ttlog_thread *thread = &header->threads[run->thread];
	const struct ttlog_text boot_id = header->info.boot_id;
	const struct ttlog_text build_id = header->modules[run->module].build_id;
	uint64_t hash = hash__fnv(HASH_FNV_START, boot_id.p, boot_id.len);

	hash = hash_number(hash, header->info.start_time);
	hash = hash_number(hash, thread->pid);
	hash = hash_number(hash, thread->tid);
	hash = hash__fnv(hash, "/", 1);
	hash = hash__fnv(hash, build_id.p, build_id.len);
	hash = hash_number(hash, run->seq);
	return hash_number(hash, run->ticks);
}

struct ttlog_text ttlog_event_id(const struct ttlog_event *event, char *buf)
{
	struct identity id;
	char *end;

	if (!event->source->identity || !event->source->identity(event, &id))
		return (struct ttlog_text){ NULL, 0 };
	if (!id.run->hash)
		id.run->hash = hash_run(&event->snapshot->header, id.run);
	end = hex__digits(buf, id.run->hash, 16);
	*end++ = '-';
	end = hex__digits(end, id.place, hex__cnt(id.place));
	return (struct ttlog_text){ buf, (size_t)(end - buf) };
}

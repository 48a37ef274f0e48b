/* SPDX-License-Identifier: MIT */
/*
 * Each event has a byte, which is 1 while it may be wanted. The bytes of one site are consecutive,
 * in the order of its columns. Time, thread and site are checked first, because that is cheap; then
 * the filter checks the columns of each site whose fields decide.
 */
#include <errno.h>
#include <string.h>

#include "row_selection.h"

struct pass {
	uint8_t *bytes;
	uint32_t *starts; /* by group: its first byte; NULL: there is one group */
};

/* Whether time and thread exclude no event. */
static bool is_all_in(const struct ttlog_chunk *chunk, const struct row_selection_rule *rule)
{
	if (chunk->first_ns < rule->first_ns || chunk->last_ns > rule->last_ns)
		return false;
	for (uint32_t i = 0; i < (chunk->thread_mask ? chunk->n : 1); i++) {
		if (!rule->threads[ttlog_chunk_thread(chunk, i)])
			return false;
	}
	return true;
}

static bool is_every_site(const struct ttlog_chunk *chunk, const struct row_selection_rule *rule,
			  enum filter_verdict verdict)
{
	for (uint32_t i = 0; i < chunk->group_cnt; i++) {
		if (rule->sites[chunk->groups[i].site] != verdict)
			return false;
	}
	return true;
}

static uint32_t place_of(const struct pass *pass, const struct ttlog_chunk *chunk, uint32_t i)
{
	return pass->starts ? pass->starts[ttlog_chunk_group(chunk, i)] + ttlog_chunk_row(chunk, i)
			    : i;
}

static void pass_sites(struct pass *pass, const struct ttlog_chunk *chunk,
		       const struct row_selection_rule *rule)
{
	for (uint32_t g = 0; g < chunk->group_cnt; g++)
		memset(pass->bytes + (pass->starts ? pass->starts[g] : 0),
		       rule->sites[chunk->groups[g].site] != FILTER_NO, chunk->groups[g].cnt);
}

static void pass_times_and_threads(struct pass *pass, const struct ttlog_chunk *chunk,
				   const struct row_selection_rule *rule)
{
	for (uint32_t i = 0; i < chunk->n; i++) {
		uint64_t mono_ns = chunk->mono_ns[i];

		pass->bytes[place_of(pass, chunk, i)] &=
			mono_ns >= rule->first_ns && mono_ns <= rule->last_ns &&
			rule->threads[ttlog_chunk_thread(chunk, i)];
	}
}

/* Thread, time and position of each event, at the place of its byte. */
struct origins {
	uint32_t *threads, *positions;
	uint64_t *real_ns;
};

static int find_origins(struct origins *ret, const struct pass *pass, struct ttlog_snapshot *reader)
{
	const struct ttlog_chunk *chunk = &reader->chunk.events;
	struct arena *arena = &reader->chunk.arena;

	ret->threads = arena__alloc(arena, chunk->n, sizeof(*ret->threads));
	ret->real_ns = arena__alloc(arena, chunk->n, sizeof(*ret->real_ns));
	ret->positions = arena__alloc(arena, chunk->n, sizeof(*ret->positions));
	if (!ret->threads || !ret->real_ns || !ret->positions)
		return -ENOMEM;
	for (uint32_t i = 0; i < chunk->n; i++) {
		uint32_t place = place_of(pass, chunk, i);

		ret->threads[place] = ttlog_chunk_thread(chunk, i);
		ret->positions[place] = i;
		ret->real_ns[place] = ttlog_info_real_ns(&reader->header.info, chunk->mono_ns[i]);
	}
	return 0;
}

static int apply_filter(struct pass *pass, struct ttlog_snapshot *reader,
			const struct row_selection_rule *rule)
{
	const struct ttlog_chunk *chunk = &reader->chunk.events;
	struct arena *arena = &reader->chunk.arena;
	struct origins origins = { .threads = NULL };
	size_t scratch_cnt = filter__scratch_cnt(rule->filter);
	uint8_t *scratch = arena__alloc(arena, chunk->n, scratch_cnt);
	bool needs_origins = filter__needs_origins(rule->filter);

	if (!scratch || (needs_origins && find_origins(&origins, pass, reader)))
		return -ENOMEM;
	for (uint32_t g = 0; g < chunk->group_cnt; g++) {
		const struct ttlog_group *group = &chunk->groups[g];
		const uint32_t start = pass->starts ? pass->starts[g] : 0;
		struct ttlog_event event;
		struct filter_rows rows = {
			.event = &event,
			.cnt = group->cnt,
			.thread_table = reader->header.threads,
			.pass = pass->bytes + start,
			.scratch = scratch,
		};

		if (rule->sites[group->site] != FILTER_FIELDS)
			continue;
		if (needs_origins) {
			rows.threads = origins.threads + start;
			rows.real_ns = origins.real_ns + start;
			rows.positions = origins.positions + start;
		}
		ttlog_snapshot_group_event(reader, g, &event);
		filter__rows(rule->filter, &rows);
	}
	return 0;
}

/* Most events are not wanted, so it skips eight such at once. */
static uint32_t collect(const struct pass *pass, const struct ttlog_chunk *chunk,
			uint32_t *positions)
{
	uint32_t cnt = 0;
	uint64_t eight;

	for (uint32_t i = 0; i < chunk->n; i++) {
		if (!pass->starts && i + sizeof(eight) <= chunk->n) {
			memcpy(&eight, pass->bytes + i, sizeof(eight));
			if (!eight) {
				i += sizeof(eight) - 1;
				continue;
			}
		}
		positions[cnt] = i;
		cnt += pass->bytes[place_of(pass, chunk, i)];
	}
	return cnt;
}

int row_selection__make(struct row_selection *ret, struct ttlog_snapshot *reader,
			const struct row_selection_rule *rule)
{
	const struct ttlog_chunk *chunk = &reader->chunk.events;
	struct arena *arena = &reader->chunk.arena;
	struct pass pass = { .bytes = NULL };
	uint32_t *positions, start = 0;
	bool all_in;

	*ret = (struct row_selection){ .cnt = 0 };
	if (is_every_site(chunk, rule, FILTER_NO))
		return 0;
	ret->cnt = chunk->n;
	all_in = is_all_in(chunk, rule);
	if (all_in && is_every_site(chunk, rule, FILTER_YES))
		return 0;
	pass.bytes = arena__alloc(arena, chunk->n, 1);
	positions = arena__alloc(arena, chunk->n, sizeof(*positions));
	if (chunk->group_cnt > 1)
		pass.starts = arena__alloc(arena, chunk->group_cnt, sizeof(*pass.starts));
	if (!pass.bytes || !positions || (chunk->group_cnt > 1 && !pass.starts))
		return -ENOMEM;
	for (uint32_t g = 0; pass.starts && g < chunk->group_cnt; g++) {
		pass.starts[g] = start;
		start += chunk->groups[g].cnt;
	}
	pass_sites(&pass, chunk, rule);
	if (!all_in)
		pass_times_and_threads(&pass, chunk, rule);
	if (apply_filter(&pass, reader, rule))
		return -ENOMEM;
	ret->cnt = collect(&pass, chunk, positions);
	ret->positions = positions;
	return 0;
}

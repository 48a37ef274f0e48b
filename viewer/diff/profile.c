/* SPDX-License-Identifier: MIT */
/*
 * Runs of events come from a stream. Each group of a run's chunk is counted column by column.
 */
#include <errno.h>
#include <stdlib.h>

#include "profile.h"

#define BUDGET_BYTES (48u << 20)

/* The rows of a run, group by group. */
struct rows {
	uint32_t starts[TTLOG_CHUNK_MAX_EVENTS + 1];
	uint32_t rows[TTLOG_CHUNK_MAX_EVENTS];
};

static void split(struct rows *to, const struct ttlog_chunk *chunk, const struct ttlog_run *run)
{
	memset(to->starts, 0, (chunk->group_cnt + 1) * sizeof(*to->starts));
	for (uint32_t i = 0; i < run->cnt; i++)
		to->starts[ttlog_chunk_group(chunk, ttlog_run_at(run, i)) + 1]++;
	for (uint32_t g = 0; g < chunk->group_cnt; g++)
		to->starts[g + 1] += to->starts[g];
	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t at = ttlog_run_at(run, i), g = ttlog_chunk_group(chunk, at);

		to->rows[to->starts[g]++] = ttlog_chunk_row(chunk, at);
	}
	/* each start has moved to the next one's place */
	for (uint32_t g = chunk->group_cnt; g > 0; g--)
		to->starts[g] = to->starts[g - 1];
	to->starts[0] = 0;
}

static bool is_whole(uint8_t type)
{
	return type >= TTLOG_TYPE_I8 && type <= TTLOG_TYPE_U64;
}

/* Numbers that only rise are ids and sequence numbers. Most others soon fall. */
static void watch(struct profile_field *field, const struct ttlog_column *column,
		  const uint32_t *rows, uint32_t cnt)
{
	uint64_t flip = ttlog_type_is_signed(column->type) ? UINT64_C(1) << 63 : 0;

	for (uint32_t i = 0; i < cnt && !field->falls; i++) {
		const uint32_t row = rows ? rows[i] : i;
		const uint64_t v = column->nums[row & column->mask] ^ flip;

		if (ttlog_column_is_null(column, row))
			continue;
		field->falls = field->is_started && v < field->last;
		field->is_started = true;
		field->last = v;
	}
}

static void take_field(struct profile *profile, struct profile_field *field,
		       const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	if (aggregate__takes(column->type)) {
		aggregate__column(&field->aggregate, &profile->memory, column, rows, cnt);
		if (is_whole(column->type))
			watch(field, column, rows, cnt);
		else
			field->falls = true;
	} else if (value_counts__takes(column->type)) {
		value_counts__column(&field->values, &profile->memory.bytes, column, rows, cnt);
	}
}

static void take_group(struct profile *profile, uint32_t group, const uint32_t *rows, uint32_t cnt)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(profile->snapshot);
	uint32_t number = chunk->groups[group].site;
	const struct ttlog_site *site = profile->info->sites[number];
	struct profile_site *to = &profile->sites[number];
	size_t bytes = site->nfields * sizeof(*to->fields);

	to->cnt += cnt;
	if (!to->fields && site->nfields && bytes <= profile->memory.bytes) {
		to->fields = calloc(site->nfields, sizeof(*to->fields));
		profile->memory.bytes -= to->fields ? bytes : 0;
	}
	for (unsigned i = 0; to->fields && i < site->nfields; i++) {
		const struct ttlog_column *column =
			ttlog_snapshot_column(profile->snapshot, group, i);

		if (column)
			take_field(profile, &to->fields[i], column, rows, cnt);
	}
}

static void take_threads(struct profile *profile, const struct ttlog_chunk *chunk,
			 const struct ttlog_run *run)
{
	if (!chunk->thread_mask) {
		profile->threads[ttlog_chunk_thread(chunk, 0)] += run->cnt;
		return;
	}
	for (uint32_t i = 0; i < run->cnt; i++)
		profile->threads[ttlog_chunk_thread(chunk, ttlog_run_at(run, i))]++;
}

static void take_run(struct profile *profile, struct rows *rows, const struct ttlog_run *run)
{
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);

	profile->cnt += run->cnt;
	take_threads(profile, chunk, run);
	if (run->cnt == chunk->n) {
		for (uint32_t g = 0; g < chunk->group_cnt; g++)
			take_group(profile, g, NULL, chunk->groups[g].cnt);
		return;
	}
	split(rows, chunk, run);
	for (uint32_t g = 0; g < chunk->group_cnt; g++) {
		if (rows->starts[g + 1] > rows->starts[g])
			take_group(profile, g, rows->rows + rows->starts[g],
				   rows->starts[g + 1] - rows->starts[g]);
	}
}

/* The time that events can have. */
static void find_times(struct profile *profile, const struct ttlog_range *range)
{
	const struct ttlog_contents *contents = ttlog_snapshot_contents(profile->snapshot);
	uint64_t first_ns, last_ns;

	(void)ttlog_snapshot_has_chunk(profile->snapshot, SIZE_MAX);
	if (!contents->chunk_cnt)
		return;
	first_ns = ttlog_info_real_ns(profile->info, contents->chunks[0].first_ns);
	last_ns = ttlog_snapshot_last_ns(profile->snapshot);
	if (range && range->since_ns > first_ns)
		first_ns = range->since_ns;
	if (range && range->until_ns < last_ns)
		last_ns = range->until_ns;
	if (last_ns <= first_ns)
		return;
	profile->first_ns = first_ns;
	profile->last_ns = last_ns;
}

int profile__init(struct profile *ret, struct ttlog_snapshot *snapshot,
		  const struct ttlog_filter *filter, const struct ttlog_range *range)
{
	const struct ttlog_info *info = ttlog_snapshot_info(snapshot);
	struct profile profile = {
		.snapshot = snapshot,
		.info = info,
		.sites = calloc(info->site_cnt + 1, sizeof(*profile.sites)),
		.threads = calloc(info->thread_cnt + 1, sizeof(*profile.threads)),
		.memory = { BUDGET_BYTES, AGGREGATE_DISTINCT_BYTES },
	};
	struct ttlog_stream *stream = ttlog_stream_new(&snapshot, 1, filter, range);
	struct rows *rows = malloc(sizeof(*rows));
	struct ttlog_run run;
	int err = 0;

	if (!profile.sites || !profile.threads || !stream || !rows)
		err = -ENOMEM;
	while (!err && ttlog_stream_run(stream, UINT64_MAX, &run))
		take_run(&profile, rows, &run);
	if (!err)
		find_times(&profile, range);
	free(rows);
	ttlog_stream_free(stream);
	if (err) {
		profile__fini(&profile);
		profile = (struct profile){ .cnt = 0 };
	}
	*ret = profile;
	return err;
}

void profile__fini(struct profile *profile)
{
	for (size_t i = 0; profile->sites && i < profile->info->site_cnt; i++) {
		for (unsigned k = 0;
		     profile->sites[i].fields && k < profile->info->sites[i]->nfields; k++) {
			aggregate__fini(&profile->sites[i].fields[k].aggregate);
			value_counts__fini(&profile->sites[i].fields[k].values);
		}
		free(profile->sites[i].fields);
	}
	free(profile->sites);
	free(profile->threads);
	profile->sites = NULL;
	profile->threads = NULL;
}

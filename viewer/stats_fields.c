/* SPDX-License-Identifier: MIT */
/*
 * The figures of a group's fields. Where groups are many and small, a chunk has few values of each,
 * and finding the memory of their figures costs more than the sums: such values wait in one place
 * until there are enough to be worth it.
 */
#include <stdlib.h>

#include "stats_parts.h"
#include <ttlog/read.h>

/* ---- Which fields ---- */

static bool is_wanted(const struct stats *stats, const struct ttlog_site *site, unsigned idx)
{
	const char *only = stats->only_field;

	if (!figures__takes(site->types[idx]))
		return false;
	if (!only)
		return true;
	if (site->kind == TTLOG_EVENT_SPAN_END)
		return !strcmp(only, "duration") || !strcmp(only, "took") ||
		       !strcmp(only, "duration_ns");
	return ttlog_text_is(site->keys[idx], strncmp(only, "fields.", 7) ? only : only + 7);
}

void field_columns__init(struct field_columns *ret, const struct stats *stats,
			 const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;

	ret->group = event->group;
	ret->is_duration = site->kind == TTLOG_EVENT_SPAN_END;
	ret->cnt = 0;
	for (unsigned i = 0; i < site->nfields; i++) {
		const struct ttlog_column *column =
			is_wanted(stats, site, i) ? ttlog_event_column(event, i) : NULL;

		if (!column)
			continue;
		ret->keys[ret->cnt] = site->keys[i];
		ret->columns[ret->cnt++] = column;
	}
}

/* ---- A group's fields ---- */

/* Room for `more` fields, or for as many as there is memory for. */
static void grow_fields(struct stats *stats, struct group *group, uint32_t more)
{
	struct group_field *grown;
	size_t bytes;

	if (more < group->field_cnt)
		more = group->field_cnt; /* of several sites: seldom */
	if (more > stats->budget / sizeof(*grown))
		more = (uint32_t)(stats->budget / sizeof(*grown));
	bytes = more * sizeof(*grown);
	grown = more ? realloc(group->fields, (group->field_cap + more) * sizeof(*grown)) : NULL;
	if (!grown)
		return;
	memset(grown + group->field_cap, 0, bytes);
	stats->budget -= bytes;
	group->fields = grown;
	group->field_cap += more;
}

static bool is_field(const struct group_field *field, struct ttlog_text key, bool is_duration)
{
	return field->is_duration == is_duration &&
	       (field->key.p == key.p || ttlog_text_equal(field->key, key));
}

/* Field `idx` of the columns; a group of one site has it at the same place. NULL: there is no
 * memory left for another. */
static struct group_field *find_field(struct stats *stats, struct group *group,
				      const struct field_columns *columns, unsigned idx)
{
	const struct ttlog_text key = columns->keys[idx];
	const bool is_duration = columns->is_duration;
	struct group_field *field;

	if (idx < group->field_cnt && is_field(&group->fields[idx], key, is_duration))
		return &group->fields[idx];
	for (uint32_t i = 0; i < group->field_cnt; i++) {
		if (is_field(&group->fields[i], key, is_duration))
			return &group->fields[i];
	}
	if (group->field_cnt == group->field_cap)
		grow_fields(stats, group, columns->cnt - idx);
	if (group->field_cnt == group->field_cap) {
		group->lacks_fields = true;
		return NULL;
	}
	field = &group->fields[group->field_cnt++];
	field->key = key;
	field->is_duration = is_duration;
	return field;
}

/* ---- Waiting values ---- */

static void settle_field(struct stats *stats, struct group_field *field)
{
	const uint64_t scale = field->waiting_scale;
	double reals[FIELD_WAITING_MAX];
	const struct ttlog_column column = {
		.type = field->waiting_type,
		.mask = ~(size_t)0,
		.nums = field->waiting,
		.reals = field->waits_reals ? reals : NULL,
		.scales = field->waits_scaled ? &scale : NULL,
	};

	if (!field->waiting_cnt)
		return;
	if (field->waits_reals)
		memcpy(reals, field->waiting, field->waiting_cnt * sizeof(*reals));
	figures__column(&field->figures, &stats->budget, &column, NULL, field->waiting_cnt);
	field->waiting_cnt = 0;
}

/* Whether they could wait: they are few, and of one scale. */
static bool hold_back(struct stats *stats, struct group_field *field,
		      const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	const bool is_real = column->reals, is_scaled = column->scales && !is_real;
	const uint8_t scale = is_scaled ? (uint8_t)column->scales[0] : 0;
	const size_t mask = column->mask;
	uint64_t *to;

	if (cnt > FIELD_WAITING_MAX || (is_scaled && column->scale_mask))
		return false;
	if (field->waiting_cnt + cnt > FIELD_WAITING_MAX || field->waiting_type != column->type ||
	    field->waiting_scale != scale || field->waits_scaled != is_scaled ||
	    field->waits_reals != is_real)
		settle_field(stats, field);
	field->waiting_type = column->type;
	field->waiting_scale = scale;
	field->waits_scaled = is_scaled;
	field->waits_reals = is_real;
	to = field->waiting + field->waiting_cnt;
	for (uint32_t i = 0; i < cnt; i++) {
		size_t row = (rows ? rows[i] : i) & mask;

		if (is_real)
			memcpy(&to[i], &column->reals[row], sizeof(*to));
		else
			to[i] = column->nums[row];
	}
	field->waiting_cnt = (uint16_t)(field->waiting_cnt + cnt);
	return true;
}

void stats__add_fields(struct stats *stats, struct group *group,
		       const struct field_columns *columns, const uint32_t *rows, uint32_t cnt)
{
	for (unsigned i = 0; i < columns->cnt; i++) {
		const struct ttlog_column *column = columns->columns[i];
		struct group_field *field = find_field(stats, group, columns, i);

		if (!field || hold_back(stats, field, column, rows, cnt))
			continue;
		/* in the order in which they came: the first scale is the one that is exact */
		settle_field(stats, field);
		figures__column(&field->figures, &stats->budget, column, rows, cnt);
	}
}

void stats__settle(struct stats *stats, struct group *group)
{
	for (uint32_t i = 0; i < group->field_cnt; i++)
		settle_field(stats, &group->fields[i]);
}

void group__free_fields(struct group *group)
{
	for (uint32_t i = 0; i < group->field_cnt; i++)
		figures__fini(&group->fields[i].figures);
	free(group->fields);
}

/* ---- Ahead ---- */

static void prefetch(const void *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch((const char *)from + at, 1);
}

void group__prefetch_fields(const struct group *group, const struct field_columns *columns)
{
	const unsigned cnt = columns->cnt < group->field_cnt ? columns->cnt : group->field_cnt;

	for (unsigned i = 0; i < cnt; i++)
		prefetch(&group->fields[i], offsetof(struct group_field, figures.scale));
}

void group__prefetch_figures(const struct group *group, const struct field_columns *columns,
			     uint32_t more)
{
	const unsigned cnt = columns->cnt < group->field_cnt ? columns->cnt : group->field_cnt;

	for (unsigned i = 0; i < cnt; i++) {
		const struct group_field *field = &group->fields[i];
		const struct sketch *sketch = &field->figures.sketch;

		if (field->waiting_cnt + more <= FIELD_WAITING_MAX) {
			prefetch(&field->waiting[field->waiting_cnt], more * 8);
			continue;
		}
		prefetch(field, sizeof(*field));
		if (!sketch->is_wide)
			prefetch(sketch->sides[0].slots, sketch->sides[0].cnt * 2);
	}
}

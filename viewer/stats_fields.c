/* SPDX-License-Identifier: MIT */
/*
 * The figures of a group's fields. Where groups are many and small, a chunk has few values of each,
 * and finding the memory of their figures costs more than the sums: such values wait in one place
 * until there are enough to be worth it.
 */
#include <stdlib.h>

#include "stats_parts.h"
#include <ttlog/read.h>

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

/* NULL: there is no memory left for another. */
static struct group_field *find_field(struct stats *stats, struct group *group,
				      const struct ttlog_site *site, unsigned idx)
{
	const struct ttlog_text key = site->keys[idx];
	const bool is_duration = site->kind == TTLOG_EVENT_SPAN_END;
	struct group_field **at = &group->fields;

	for (; *at; at = &(*at)->next) {
		if ((*at)->is_duration == is_duration &&
		    ((*at)->key.p == key.p || ttlog_text_equal((*at)->key, key)))
			return *at;
	}
	if (stats->budget >= sizeof(**at))
		*at = calloc(1, sizeof(**at));
	if (!*at) {
		group->lacks_fields = true;
		return NULL;
	}
	stats->budget -= sizeof(**at);
	(*at)->key = key;
	(*at)->is_duration = is_duration;
	return *at;
}

/* ---- Waiting values ---- */

static void settle_field(struct stats *stats, struct group_field *field)
{
	double reals[FIELD_WAITING_MAX];
	const struct ttlog_column column = {
		.type = field->waiting_type,
		.mask = ~(size_t)0,
		.nums = field->waiting,
		.reals = field->waits_reals ? reals : NULL,
		.scales = field->waits_scaled ? &field->waiting_scale : NULL,
	};

	if (!field->waiting_cnt)
		return;
	memcpy(reals, field->waiting, field->waiting_cnt * sizeof(*reals));
	figures__column(&field->figures, &stats->budget, &column, NULL, field->waiting_cnt);
	field->waiting_cnt = 0;
}

/* Whether they could wait: they are few, and of one scale. */
static bool hold_back(struct stats *stats, struct group_field *field,
		      const struct ttlog_column *column, const uint32_t *rows, uint32_t cnt)
{
	const bool is_real = column->reals, is_scaled = column->scales && !is_real;
	const uint64_t scale = is_scaled ? column->scales[0] : 0;
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

void stats__add_fields(struct stats *stats, struct group *group, const struct ttlog_event *event,
		       const uint32_t *rows, uint32_t cnt)
{
	for (unsigned i = 0; i < event->site->nfields; i++) {
		const struct ttlog_column *column;
		struct group_field *field;

		if (!is_wanted(stats, event->site, i))
			continue;
		column = ttlog_event_column(event, i);
		field = column ? find_field(stats, group, event->site, i) : NULL;
		if (!field || hold_back(stats, field, column, rows, cnt))
			continue;
		/* in the order in which they came: the first scale is the one that is exact */
		settle_field(stats, field);
		figures__column(&field->figures, &stats->budget, column, rows, cnt);
	}
}

void stats__settle(struct stats *stats, struct group *group)
{
	for (struct group_field *field = group->fields; field; field = field->next)
		settle_field(stats, field);
}

void group__free_fields(struct group *group)
{
	while (group->fields) {
		struct group_field *next = group->fields->next;

		figures__fini(&group->fields->figures);
		free(group->fields);
		group->fields = next;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The aggregates of a group's fields. Where groups are many and small, a chunk has few values of
 * each, and a cache miss on an aggregate costs more than the sums. Such values wait in the group
 * until there are enough to be worth it.
 */
#include <stdlib.h>

#include "hash.h"
#include "stats_parts.h"
#include <ttlog/read.h>

/* These are searched one by one. */
#define FEW_FIELDS 32u

/* ---- Which fields ---- */

static bool is_wanted(const struct stats *stats, const struct ttlog_site *site, unsigned idx)
{
	const char *only = stats->only_field;

	if (!aggregate__takes(site->types[idx]))
		return false;
	if (!only)
		return true;
	if (idx < ttlog_site_first_field(site))
		return !strcmp(only, "duration") || !strcmp(only, "took") ||
		       !strcmp(only, "duration_ns");
	return ttlog_text_is(site->keys[idx], strncmp(only, "fields.", 7) ? only : only + 7);
}

/* Whether site, thread and a few integers decide the events' groups; and which integers. */
static bool find_numbers(struct group_columns *columns, const struct stats *stats,
			 const struct ttlog_event *event)
{
	for (unsigned k = 0; k < stats->count_keys.field_cnt; k++) {
		const struct ttlog_column *column;
		unsigned i = 0;

		while (i < event->site->nfields &&
		       !ttlog_text_equal(event->site->keys[i], stats->fields[k]))
			i++;
		if (i == event->site->nfields)
			continue;
		column = ttlog_event_column(event, i);
		if (!column || column->nulls || !group_count__is_int(column->type) ||
		    columns->number_cnt == GROUP_MEMO_NUMBERS)
			return false;
		columns->numbers[columns->number_cnt++] = column;
	}
	return true;
}

static struct field_column field_column_of(const struct ttlog_site *site, unsigned idx,
					   const struct ttlog_column *column)
{
	struct field_column ret = {
		.key = site->keys[idx],
		.column = column,
		.is_duration = idx < ttlog_site_first_field(site),
	};

	ret.kind.type = column->type;
	ret.kind.are_reals = column->reals;
	ret.kind.are_scaled = column->scales && !column->reals;
	ret.can_wait = !column->nulls && (!ret.kind.are_scaled || !column->scale_mask);
	if (ret.kind.are_scaled && ret.can_wait)
		ret.kind.scale = (uint8_t)column->scales[0];
	ret.numbers = column->reals ? (const void *)column->reals : (const void *)column->nums;
	return ret;
}

void group_columns__init(struct group_columns *ret, const struct stats *stats,
			 const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;

	ret->group = event->group;
	ret->site = site;
	ret->field_cnt = 0;
	for (unsigned i = 0; i < site->nfields; i++) {
		const struct ttlog_column *column =
			is_wanted(stats, site, i) ? ttlog_event_column(event, i) : NULL;

		if (column)
			ret->fields[ret->field_cnt++] = field_column_of(site, i, column);
	}
	ret->number_cnt = 0;
	ret->has_numbers = find_numbers(ret, stats, event);
}

/* ---- A group's fields ---- */

/* Makes room for `more` fields, or for as many as memory allows. */
static void grow_fields(struct stats *stats, struct group *group, uint32_t more)
{
	struct group_field *grown;
	size_t bytes;

	if (more < group->field_cnt)
		more = group->field_cnt; /* a group of several sites: seldom */
	if (more > stats->memory.bytes / sizeof(*grown))
		more = (uint32_t)(stats->memory.bytes / sizeof(*grown));
	bytes = more * sizeof(*grown);
	grown = more ? realloc(group->fields, (group->field_cap + more) * sizeof(*grown)) : NULL;
	if (!grown)
		return;
	memset(grown + group->field_cap, 0, bytes);
	stats->memory.bytes -= bytes;
	group->fields = grown;
	group->field_cap += more;
}

static bool is_field(const struct group_field *field, struct ttlog_text key, bool is_duration)
{
	return field->is_duration == is_duration &&
	       (field->key.p == key.p || ttlog_text_equal(field->key, key));
}

/* The field's place in the table, or the free place for it. One is always free. */
static uint32_t *place_of(const struct stats *stats, const struct group *group,
			  struct ttlog_text key, bool is_duration)
{
	uint64_t at = hash__bytes(stats->secret, key.p, key.len) + is_duration;

	for (;; at++) {
		uint32_t *place = &group->places[at & (group->place_cap - 1)];

		if (!*place || is_field(&group->fields[*place - 1], key, is_duration))
			return place;
	}
}

/* Makes room in the table for another field. False: no memory. */
static bool grow_places(struct stats *stats, struct group *group)
{
	const uint32_t cap = group->place_cap ? group->place_cap * 2 : 4 * FEW_FIELDS;
	const size_t bytes = (cap - group->place_cap) * sizeof(*group->places);
	uint32_t *grown;

	if (group->field_cnt < FEW_FIELDS || group->field_cnt < group->place_cap / 2)
		return true;
	grown = bytes <= stats->memory.bytes ? calloc(cap, sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	stats->memory.bytes -= bytes;
	free(group->places);
	group->places = grown;
	group->place_cap = cap;
	for (uint32_t i = 0; i < group->field_cnt; i++)
		*place_of(stats, group, group->fields[i].key, group->fields[i].is_duration) = i + 1;
	return true;
}

/* NULL: the group has no such field. */
static struct group_field *known_field(const struct stats *stats, const struct group *group,
				       struct ttlog_text key, bool is_duration)
{
	if (group->places) {
		uint32_t place = *place_of(stats, group, key, is_duration);

		return place ? &group->fields[place - 1] : NULL;
	}
	for (uint32_t i = 0; i < group->field_cnt; i++) {
		if (is_field(&group->fields[i], key, is_duration))
			return &group->fields[i];
	}
	return NULL;
}

/* The group's field for field `idx` of the columns. In a group of one site it has the same number.
 * NULL: no memory is left. */
static struct group_field *find_field(struct stats *stats, struct group *group,
				      const struct group_columns *columns, unsigned idx)
{
	const struct ttlog_text key = columns->fields[idx].key;
	const bool is_duration = columns->fields[idx].is_duration;
	struct group_field *field;

	if (idx < group->field_cnt && is_field(&group->fields[idx], key, is_duration))
		return &group->fields[idx];
	field = known_field(stats, group, key, is_duration);
	if (field)
		return field;
	if (group->field_cnt == group->field_cap)
		grow_fields(stats, group, columns->field_cnt - idx);
	if (group->field_cnt == group->field_cap || !grow_places(stats, group)) {
		group->lacks_fields = true;
		return NULL;
	}
	field = &group->fields[group->field_cnt++];
	field->key = key;
	field->is_duration = is_duration;
	if (group->places)
		*place_of(stats, group, key, is_duration) = group->field_cnt;
	return field;
}

/* ---- Waiting values ---- */

/* Puts numbers of one kind, from `from` on, into the waiting ones. */
static struct ttlog_column column_from(const uint64_t *from, const struct waiting_kind *kind,
				       const uint64_t *scale)
{
	struct ttlog_column column = { .type = kind->type, .mask = ~(size_t)0 };

	if (kind->are_reals)
		column.reals = (const void *)from;
	else
		column.nums = from;
	if (kind->are_scaled)
		column.scales = scale;
	return column;
}

static void settle_field(struct stats *stats, struct group_field *field)
{
	const uint64_t scale = field->waiting_kind.scale;
	struct ttlog_column column;

	if (!field->waiting_cnt)
		return;
	column = column_from(field->waiting, &field->waiting_kind, &scale);
	aggregate__column(&field->aggregate, &stats->memory, &column, NULL, field->waiting_cnt);
	field->waiting_cnt = 0;
}

static bool is_kind(const struct group_field *field, const struct waiting_kind *kind)
{
	return !memcmp(&field->waiting_kind, kind, sizeof(*kind));
}

/* Whether the part's numbers are few, and can wait. */
static void hold_back(struct stats *stats, struct group_field *field, const struct field_column *of,
		      const struct stats_part *part)
{
	const uint32_t cnt = (uint32_t)part->cnt;
	uint64_t *to;

	if (field->waiting_cnt + cnt > FIELD_WAITING_MAX || !is_kind(field, &of->kind)) {
		settle_field(stats, field);
		field->waiting_kind = of->kind;
	}
	to = field->waiting + field->waiting_cnt;
	if (of->sorted) {
		for (uint32_t i = 0; i < cnt; i += FIELD_COPY)
			memcpy(to + i, of->sorted + part->from + i, FIELD_COPY * sizeof(*to));
	} else {
		for (uint32_t i = 0; i < cnt; i++)
			to[i] = of->numbers[(part->rows ? part->rows[i] : i) & of->column->mask];
	}
	field->waiting_cnt = (uint16_t)(field->waiting_cnt + cnt);
}

static void take_now(struct stats *stats, struct group_field *field, const struct field_column *of,
		     const struct stats_part *part)
{
	const uint64_t scale = of->kind.scale;
	const uint32_t cnt = (uint32_t)part->cnt;
	struct ttlog_column column;

	/* in their order: the first scale is the one that stays exact */
	settle_field(stats, field);
	if (of->sorted) {
		column = column_from(of->sorted + part->from, &of->kind, &scale);
		aggregate__column(&field->aggregate, &stats->memory, &column, NULL, cnt);
	} else {
		aggregate__column(&field->aggregate, &stats->memory, of->column, part->rows, cnt);
	}
}

void stats__add_fields(struct stats *stats, const struct stats_part *part)
{
	const struct group_columns *columns = part->columns;

	for (unsigned i = 0; i < columns->field_cnt; i++) {
		const struct field_column *of = &columns->fields[i];
		struct group_field *field = find_field(stats, part->group, columns, i);

		if (!field)
			continue;
		if (of->can_wait && part->cnt <= FIELD_WAITING_MAX)
			hold_back(stats, field, of, part);
		else
			take_now(stats, field, of, part);
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
		aggregate__fini(&group->fields[i].aggregate);
	free(group->fields);
	free(group->places);
}

/* ---- Ahead ---- */

/* For a sketch whose values spread over some twenty octaves. */
#define SLOTS_AHEAD 2560u

static void prefetch(const void *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 64)
		__builtin_prefetch((const char *)from + at, 1);
}

static unsigned known_fields(const struct stats_part *part)
{
	return part->columns->field_cnt < part->group->field_cnt ? part->columns->field_cnt
								 : part->group->field_cnt;
}

void stats_part__prefetch_fields(const struct stats_part *part)
{
	for (unsigned i = 0, cnt = known_fields(part); i < cnt; i++)
		prefetch(&part->group->fields[i], offsetof(struct group_field, aggregate.scale));
}

void stats_part__prefetch_aggregates(const struct stats_part *part)
{
	for (unsigned i = 0, cnt = known_fields(part); i < cnt; i++) {
		const struct group_field *field = &part->group->fields[i];
		const struct sketch *sketch = &field->aggregate.sketch;
		const struct distinct *distinct = &field->aggregate.distinct;
		size_t slots;

		if (field->waiting_cnt + part->cnt <= FIELD_WAITING_MAX) {
			prefetch(&field->waiting[field->waiting_cnt],
				 part->cnt * sizeof(field->waiting[0]));
			continue;
		}
		prefetch(field, sizeof(*field));
		if (distinct->slots)
			prefetch(distinct->slots, sizeof(*distinct->slots) << distinct->bits);
		slots = sketch->sides[0].cnt * sizeof(uint16_t);
		if (!sketch->is_wide)
			prefetch(sketch->sides[0].slots, slots < SLOTS_AHEAD ? slots : SLOTS_AHEAD);
	}
}

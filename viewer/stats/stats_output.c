/* SPDX-License-Identifier: MIT */
/*
 * --stats: a table of the groups, and a table of their numeric fields, a line for each.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats_parts.h"

#define NS_PER_DAY   (86400ull * 1000000000u)
#define TIME_WIDTH   30
#define DAY_WIDTH    18
#define NUMBER_WIDTH 7u /* of a statistic, at least */
#define NO_TIME      UINT64_MAX

/* Events a second between the first and the last; 0 if there is no such time. */
static double rate_of(const struct group *group)
{
	if (group->cnt < 2 || group->last_ns <= group->first_ns)
		return 0;
	return (double)(group->cnt - 1) / ((double)(group->last_ns - group->first_ns) / 1e9);
}

/* ---- JSON ---- */

static void print_json_aggregate(struct out *out, const struct aggregate *aggregate)
{
	out__text(out, "{\"count\":");
	out__u64(out, aggregate__cnt(aggregate));
	aggregate__print_json(aggregate, out);
	if (aggregate->nan_cnt) {
		out__text(out, ",\"nan\":");
		out__u64(out, aggregate->nan_cnt);
	}
	if (aggregate->infinite_cnt) {
		out__text(out, ",\"infinite\":");
		out__u64(out, aggregate->infinite_cnt);
	}
	out__char(out, '}');
}

static void print_json_fields(struct out *out, const struct group *group)
{
	const struct group_field *duration = NULL;
	bool first = true;

	out__text(out, ",\"fields\":{");
	for (uint32_t f = 0; f < group->field_cnt; f++) {
		const struct group_field *field = &group->fields[f];

		if (field->is_duration) {
			duration = field;
			continue;
		}
		if (!first)
			out__char(out, ',');
		first = false;
		out__json_text(out, field->key, false);
		out__char(out, ':');
		print_json_aggregate(out, &field->aggregate);
	}
	out__char(out, '}');
	if (duration) {
		out__text(out, ",\"duration_ns\":");
		print_json_aggregate(out, &duration->aggregate);
	}
	if (group->lacks_fields)
		out__text(out, ",\"fields_left_out\":true");
}

static void print_json(const struct stats *stats, struct out *out, const struct group *group)
{
	group__print_json(group, stats, out);
	out__text(out, ",\"events\":");
	out__u64(out, group->cnt);
	if (group->suppressed)
		out__json_u64(out, ",\"suppressed\":", group->suppressed);
	out__text(out, ",\"first_ts\":\"");
	out__time(out, group->first_ns);
	out__text(out, "\",\"last_ts\":\"");
	out__time(out, group->last_ns);
	out__text(out, "\",\"per_second\":");
	if (rate_of(group) > 0)
		out__f64(out, rate_of(group));
	else
		out__text(out, "null");
	print_json_fields(out, group);
	out__text(out, "}\n");
}

/* A group of files without events. */
static void print_json_of_none(const struct stats *stats, struct out *out,
			       const struct group *group)
{
	group__print_json(group, stats, out);
	out__text(out, ",\"events\":0}\n");
}

/* ---- The table of groups ---- */

/* All events are of one day, which is said below the table. */
static bool is_one_day(const struct stats *stats)
{
	return stats->event_cnt && stats->first_ns / NS_PER_DAY == stats->last_ns / NS_PER_DAY;
}

static void print_time(struct out *out, uint64_t ns, bool one_day)
{
	out__text(out, "  ");
	if (ns == NO_TIME)
		out__format(out, "%*s", one_day ? DAY_WIDTH : TIME_WIDTH, "-");
	else if (one_day)
		out__time_of_day(out, ns);
	else
		out__time(out, ns);
}

static int suppressed_width_of(const struct stats *stats)
{
	const size_t digits = out__u64_width(stats->suppressed);

	return digits > 10 ? (int)digits : 10;
}

static void print_groups(const struct stats *stats, struct out *out, struct group *const *groups,
			 size_t cnt, const struct group_widths *widths)
{
	const bool one_day = is_one_day(stats);
	const int width = one_day ? DAY_WIDTH : TIME_WIDTH;
	const int suppressed_width = suppressed_width_of(stats);

	out__format(out, "%10s %6s %12s", "events", "share", "per second");
	if (stats->suppressed)
		out__format(out, " %*s", suppressed_width, "suppressed");
	out__format(out, "  %-*s  %-*s", width, "first", width, "last");
	stats__print_keys(stats, out, widths);
	out__char(out, '\n');
	for (size_t g = 0; g < cnt; g++) {
		const struct group *group = groups[g];

		out__format(out, "%10llu %5.1f%% ", (unsigned long long)group->cnt,
			    group->cnt ? 100.0 * (double)group->cnt / (double)stats->event_cnt
				       : 0.0);
		if (rate_of(group) > 0)
			out__format(out, "%12.1f", rate_of(group));
		else
			out__text(out, "           -");
		if (stats->suppressed)
			out__format(out, " %*llu", suppressed_width,
				    (unsigned long long)group->suppressed);
		print_time(out, group->first_ns, one_day);
		print_time(out, group->last_ns, one_day);
		group__print(group, stats, out, widths);
		out__char(out, '\n');
	}
}

static void print_total(const struct stats *stats, struct out *out, size_t shown)
{
	size_t cnt = stats->group_cnt + (stats->rest != NULL);

	out__format(out, "%10llu %5.1f%%  in %zu group%s", (unsigned long long)stats->event_cnt,
		    stats->event_cnt ? 100.0 : 0.0, cnt, cnt == 1 ? "" : "s");
	if (shown < cnt)
		out__format(out, ", the first %zu shown", shown);
	if (stats->event_cnt) {
		out__text(out, ", ");
		out__time(out, stats->first_ns);
		out__text(out, " to ");
		out__time(out, stats->last_ns);
	}
	out__char(out, '\n');
}

/* ---- The table of fields ---- */

/* Minimum and maximum are exact: integers have all their digits; doubles need not. */
static size_t most_digits(enum statistic which, const char *text, size_t len)
{
	if (which != STATISTIC_MIN && which != STATISTIC_MAX)
		return 10;
	return memchr(text, '.', len) ? 14 : 20;
}

size_t group_field__text(const struct group_field *field, enum statistic which, char *to)
{
	size_t len = 0;
	double v;

	if (!field->is_duration && which != STATISTIC_MEAN)
		len = aggregate__text(&field->aggregate, which, to);
	if (len && len <= most_digits(which, to, len))
		return len;
	v = aggregate__value(&field->aggregate, which);
	if (field->is_duration && v >= 0)
		return duration_text(to, aggregate__ns(&field->aggregate, which));
	if (!isfinite(v)) {
		*to = '-';
		return 1;
	}
	return (size_t)snprintf(to, AGGREGATE_TEXT_BYTES,
				fabs(v) >= 1e5 && fabs(v) < 1e12 ? "%.0f" : "%.5g", v);
}

struct field_widths {
	size_t statistics[STATISTIC_CNT], key;
};

static size_t field_width(const struct group_field *field)
{
	return field->is_duration ? 8 : out__width(field->key);
}

static void measure_fields(struct field_widths *ret, struct group *const *groups, size_t cnt)
{
	char text[AGGREGATE_TEXT_BYTES];

	*ret = (struct field_widths){ .key = 5 };
	for (unsigned i = 0; i < STATISTIC_CNT; i++)
		ret->statistics[i] = NUMBER_WIDTH;
	for (size_t g = 0; g < cnt; g++) {
		for (uint32_t f = 0; f < groups[g]->field_cnt; f++) {
			const struct group_field *field = &groups[g]->fields[f];

			for (unsigned i = 0; i < STATISTIC_CNT; i++) {
				size_t len = group_field__text(field, i, text);

				if (len > ret->statistics[i])
					ret->statistics[i] = len;
			}
			if (field_width(field) > ret->key)
				ret->key = field_width(field);
		}
	}
}

static void print_field(struct out *out, const struct group_field *field,
			const struct field_widths *widths, size_t pad)
{
	char text[AGGREGATE_TEXT_BYTES];

	out__format(out, "%10llu", (unsigned long long)aggregate__cnt(&field->aggregate));
	for (unsigned i = 0; i < STATISTIC_CNT; i++) {
		size_t len = group_field__text(field, i, text);

		out__pad(out, 1 + widths->statistics[i] - len);
		out__bytes(out, text, len);
	}
	out__text(out, "  ");
	if (field->is_duration)
		out__text(out, "duration");
	else
		out__plain(out, field->key);
	out__pad(out, pad);
}

static void print_fields(const struct stats *stats, struct out *out, struct group *const *groups,
			 size_t cnt, const struct group_widths *group_widths)
{
	struct field_widths widths;
	bool lacks = false;

	measure_fields(&widths, groups, cnt);
	out__format(out, "\n%10s", "values");
	for (unsigned i = 0; i < STATISTIC_CNT; i++)
		out__format(out, " %*s", (int)widths.statistics[i], STATISTIC_NAMES[i]);
	out__format(out, "  %-*s", (int)widths.key, "field");
	stats__print_keys(stats, out, group_widths);
	out__char(out, '\n');
	for (size_t g = 0; g < cnt; g++) {
		for (uint32_t f = 0; f < groups[g]->field_cnt; f++) {
			const struct group_field *field = &groups[g]->fields[f];

			print_field(out, field, &widths, widths.key - field_width(field));
			group__print(groups[g], stats, out, group_widths);
			out__char(out, '\n');
		}
		lacks |= groups[g]->lacks_fields;
	}
	if (lacks)
		out__text(out, "figures of more groups or fields would take too much memory\n");
}

static bool has_fields(struct group *const *groups, size_t cnt)
{
	for (size_t g = 0; g < cnt; g++) {
		if (groups[g]->field_cnt)
			return true;
	}
	return false;
}

int stats__print(struct stats *stats, struct out *out, size_t most, bool json)
{
	struct group_widths widths;
	size_t cnt;
	struct group **groups = stats__sorted(stats, most, &cnt);

	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; json && i < cnt; i++)
		(groups[i]->cnt ? print_json : print_json_of_none)(stats, out, groups[i]);
	if (!json) {
		group_widths__init(&widths, stats, groups, cnt);
		print_groups(stats, out, groups, cnt, &widths);
		print_total(stats, out, cnt);
		if (has_fields(groups, cnt))
			print_fields(stats, out, groups, cnt, &widths);
	}
	free(groups);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * --histogram: the distribution of one field's values, group by group, a line for each bin.
 *
 * Bins count distinct values, or the middles of a sketch's buckets. So a value that is closer to
 * the end of a bin than SKETCH_ERROR may count in the next one. Integers below 128 never do.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats_parts.h"
#include "terminal.h"

#define MAX_BINS     48u
#define LINEAR_BINS  20
/* Bins grow with the values if the greatest is so many times the least and the median. */
#define LEAST_RATIO  100
#define MEDIAN_RATIO 10
#define MAX_DECADES  8  /* with three bins each */
#define MAX_POWERS   40 /* bins of at least a power of ten each */
#define LABEL_BYTES  32u
#define LABEL_WIDTH  10
#define PREFIX_WIDTH (2 * LABEL_WIDTH + 22)

struct histogram {
	const struct group_field *field;
	double edges[MAX_BINS + 1]; /* a bin goes from its edge to below the next */
	uint64_t cnts[MAX_BINS];
	unsigned bin_cnt;
};

/* ---- Bins ---- */

/* 1, 2 or 5 times a power of ten, not below v. */
static double nice_step(double v)
{
	double power = pow(10, floor(log10(v)));

	if (v <= power * 1.0000001)
		return power;
	return v <= 2 * power ? 2 * power : v <= 5 * power ? 5 * power : 10 * power;
}

static void linear_bins(struct histogram *histogram, double min, double max)
{
	const struct aggregate *aggregate = &histogram->field->aggregate;
	const double unit = aggregate->real_cnt ? 0 : pow(10, -(double)aggregate->scale);
	double step, first;

	step = max / LINEAR_BINS - min / LINEAR_BINS;
	step = step > 0 ? nice_step(step) : fabs(max);
	if (step < unit || !(step > 0))
		step = unit > 0 ? unit : 1;
	first = floor(min / step);
	do {
		histogram->edges[histogram->bin_cnt] = (first + histogram->bin_cnt) * step;
		histogram->bin_cnt++;
	} while ((first + histogram->bin_cnt) * step <= max && histogram->bin_cnt < MAX_BINS);
	histogram->edges[histogram->bin_cnt] = (first + histogram->bin_cnt) * step;
}

static double log_edge(int i, int first_power, int powers)
{
	static const double MANTISSAS[] = { 1, 2, 5 };
	const int power = first_power + i / 3;

	if (powers)
		return pow(10, first_power + i * powers);
	return MANTISSAS[i % 3] * pow(10, power);
}

/* 0 has its own bin, if it occurs. */
static void log_bins(struct histogram *histogram, double min, double least, double max)
{
	const int first_power = (int)floor(log10(least));
	const int decades = (int)floor(log10(max)) - first_power + 1;
	const int powers = decades <= MAX_DECADES ? 0 : (decades + MAX_POWERS - 1) / MAX_POWERS;
	unsigned cnt = 0;
	int i = 0;

	while (log_edge(i + 1, first_power, powers) <= least)
		i++;
	if (min < log_edge(i, first_power, powers))
		histogram->edges[cnt++] = 0;
	do {
		histogram->edges[cnt++] = log_edge(i++, first_power, powers);
	} while (histogram->edges[cnt - 1] <= max && cnt <= MAX_BINS);
	histogram->bin_cnt = cnt - 1;
}

/* The least value but 0. */
static double least_of(const struct aggregate *aggregate)
{
	struct sketch_bucket bucket;
	struct aggregate_walk walk;

	aggregate__walk(aggregate, &walk);
	while (aggregate__next(aggregate, &walk, &bucket)) {
		double middle = aggregate__middle(aggregate, &bucket);

		if (bucket.from > 0 && middle > 0)
			return middle;
	}
	return 0;
}

static void make_bins(struct histogram *histogram)
{
	const struct aggregate *aggregate = &histogram->field->aggregate;
	const double min = aggregate__value(aggregate, STATISTIC_MIN);
	const double max = aggregate__value(aggregate, STATISTIC_MAX), least = least_of(aggregate);
	struct sketch_bucket bucket;
	struct aggregate_walk walk;
	unsigned bin = 0;

	if (min >= 0 && least > 0 && max / least >= LEAST_RATIO &&
	    max / MEDIAN_RATIO >= aggregate__value(aggregate, STATISTIC_P50))
		log_bins(histogram, min, least, max);
	else
		linear_bins(histogram, min, max);
	/* a bin of the largest doubles ends beyond them, and JSON has no word for that */
	for (unsigned i = 0; i <= histogram->bin_cnt; i++)
		histogram->edges[i] = fmax(-DBL_MAX, fmin(DBL_MAX, histogram->edges[i]));
	aggregate__walk(aggregate, &walk);
	while (aggregate__next(aggregate, &walk, &bucket)) {
		double middle = aggregate__middle(aggregate, &bucket);

		while (bin + 1 < histogram->bin_cnt && middle >= histogram->edges[bin + 1])
			bin++;
		histogram->cnts[bin] += bucket.cnt;
	}
}

/* ---- Text ---- */

static const char *edge_text(const struct histogram *histogram, double v, char *to)
{
	static const struct {
		double ns;
		const char *name;
	} UNITS[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };
	unsigned i = 0;

	if (!histogram->field->is_duration) {
		snprintf(to, LABEL_BYTES, "%.6g", v);
		return to;
	}
	while (i < 3 && v < UNITS[i].ns)
		i++;
	snprintf(to, LABEL_BYTES, "%.6g%s", v / UNITS[i].ns, UNITS[i].name);
	return to;
}

static void print_title(const struct histogram *histogram, struct out *out,
			const struct stats *stats, const struct group *group)
{
	const struct aggregate *aggregate = &histogram->field->aggregate;
	const struct group_widths widths = { .keys = { 0 } };

	if (histogram->field->is_duration)
		out__text(out, "duration");
	else
		out__plain(out, histogram->field->key);
	out__format(out, ": %llu values", (unsigned long long)aggregate__cnt(aggregate));
	for (unsigned i = 0; i < STATISTIC_CNT; i++) {
		char text[AGGREGATE_TEXT_BYTES];
		size_t len = group_field__text(histogram->field, i, text);

		out__format(out, ", %s ", STATISTIC_NAMES[i]);
		out__bytes(out, text, len);
	}
	if (aggregate->nan_cnt)
		out__format(out, ", %llu NaN", (unsigned long long)aggregate->nan_cnt);
	if (aggregate->infinite_cnt)
		out__format(out, ", %llu infinite", (unsigned long long)aggregate->infinite_cnt);
	group__print(group, stats, out, &widths);
	out__char(out, '\n');
}

static void print_bins(const struct histogram *histogram, struct out *out,
		       const struct terminal *terminal)
{
	const double all = (double)aggregate__cnt(&histogram->field->aggregate);
	/* no room for bars on a narrow terminal */
	const size_t room = terminal->width > PREFIX_WIDTH ? terminal->width - PREFIX_WIDTH : 0;
	uint64_t most = 1;

	for (unsigned i = 0; i < histogram->bin_cnt; i++)
		most = histogram->cnts[i] > most ? histogram->cnts[i] : most;
	for (unsigned i = 0; i < histogram->bin_cnt; i++) {
		const uint64_t cnt = histogram->cnts[i];
		char from[LABEL_BYTES], to[LABEL_BYTES];

		out__format(out, "%*s - %-*s %10llu %5.1f%%", LABEL_WIDTH,
			    edge_text(histogram, histogram->edges[i], from), LABEL_WIDTH,
			    edge_text(histogram, histogram->edges[i + 1], to),
			    (unsigned long long)cnt, 100.0 * (double)cnt / all);
		if (cnt && room) {
			out__char(out, ' ');
			terminal__bar(terminal, out, (double)cnt / (double)most, room);
		}
		out__char(out, '\n');
	}
}

/* ---- JSON ---- */

static void print_json(const struct histogram *histogram, struct out *out,
		       const struct stats *stats, const struct group *group)
{
	for (unsigned i = 0; i < histogram->bin_cnt; i++) {
		group__print_json(group, stats, out);
		out__text(out, ",\"field\":");
		if (histogram->field->is_duration)
			out__text(out, "\"duration_ns\"");
		else
			out__json_text(out, histogram->field->key, false);
		out__text(out, ",\"from\":");
		out__f64(out, histogram->edges[i]);
		out__text(out, ",\"to\":");
		out__f64(out, histogram->edges[i + 1]);
		out__text(out, ",\"values\":");
		out__u64(out, histogram->cnts[i]);
		out__text(out, "}\n");
	}
}

int stats__print_histograms(struct stats *stats, struct out *out, size_t most,
			    const struct terminal *terminal, bool json)
{
	size_t cnt, shown = 0;
	struct group **groups = stats__sorted(stats, most, &cnt);

	if (!groups)
		return -ENOMEM;
	for (size_t g = 0; g < cnt; g++) {
		for (uint32_t f = 0; f < groups[g]->field_cnt; f++) {
			const struct group_field *field = &groups[g]->fields[f];
			struct histogram histogram = { .field = field };

			if (!aggregate__cnt(&field->aggregate) || field->aggregate.no_quantiles)
				continue;
			make_bins(&histogram);
			if (json) {
				print_json(&histogram, out, stats, groups[g]);
				continue;
			}
			if (shown++)
				out__char(out, '\n');
			print_title(&histogram, out, stats, groups[g]);
			print_bins(&histogram, out, terminal);
		}
	}
	if (!shown && !json)
		out__text(out, "no numbers in that field\n");
	free(groups);
	return 0;
}

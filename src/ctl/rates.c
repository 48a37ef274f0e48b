/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "print.h"
#include "rates.h"

void rates__fini(struct rates *rates)
{
	free(rates->rows);
	free(rates->before);
	*rates = (struct rates){ 0 };
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_process(const void *a, const void *b)
{
	const struct rates_row *left = a, *right = b;
	int order = compare_u64(left->collector, right->collector);

	if (!order)
		order = compare_u64(left->pid, right->pid);
	return order ? order : compare_u64(left->start_ns, right->start_ns);
}

static void sort_rows(struct rates_row *rows, size_t cnt,
		      int (*compare)(const void *, const void *))
{
	if (cnt)
		qsort(rows, cnt, sizeof(*rows), compare);
}

void rates__begin(struct rates *rates)
{
	struct rates_row *rows = rates->before;
	const size_t cap = rates->before_cap;

	rates->before = rates->rows;
	rates->before_cnt = rates->cnt;
	rates->before_cap = rates->cap;
	rates->rows = rows;
	rates->cnt = 0;
	rates->cap = cap;
	rates->totals_before = rates->totals;
	rates->totals = (struct rates_totals){ 0 };
	sort_rows(rates->before, rates->before_cnt, compare_process);
}

static void read_row(struct rates_row *row, json_t *process)
{
	row->pid = print__u64(process, "pid");
	row->start_ns = print__u64(process, "start_ns");
	(void)snprintf(row->service, sizeof(row->service), "%s", print__text(process, "service"));
	(void)snprintf(row->comm, sizeof(row->comm), "%s", print__text(process, "comm"));
	row->emitted = print__u64(process, "emitted");
	row->lost = print__u64(json_object_get(process, "lost"), "total");
	row->overwritten = print__u64(process, "overwritten");
	row->bytes = print__u64(process, "bytes");
	row->flushes = print__u64(process, "flushes");
	row->ring_bytes = print__u64(process, "ring_bytes");
	row->ring_used_bytes = print__u64(process, "ring_used_bytes");
	row->newest_age_ns = print__u64(process, "newest_age_ns");
}

static void add_totals(struct rates_totals *totals, json_t *answer, json_t *collector)
{
	const uint64_t mono_ns = print__u64(answer, "mono_ns");

	totals->collector_cnt++;
	totals->cpu_ns += print__u64(collector, "cpu_ns");
	totals->resident_bytes += print__u64(collector, "resident_bytes");
	totals->ring_memory_bytes += print__u64(collector, "ring_memory_bytes");
	if (mono_ns > totals->mono_ns)
		totals->mono_ns = mono_ns;
}

int rates__add(struct rates *rates, json_t *answer)
{
	json_t *collector = json_object_get(answer, "collector");
	json_t *processes = json_object_get(answer, "processes"), *process;
	const size_t cnt = json_array_size(processes);
	size_t i;

	if (array__reserve(rates->rows, rates->cnt + cnt + 1, &rates->cap))
		return -ENOMEM;
	add_totals(&rates->totals, answer, collector);
	json_array_foreach (processes, i, process) {
		struct rates_row *row = &rates->rows[rates->cnt++];

		*row = (struct rates_row){
			.collector = print__u64(collector, "pid"),
			.mono_ns = print__u64(answer, "mono_ns"),
		};
		read_row(row, process);
	}
	return 0;
}

static double rate(uint64_t now, uint64_t before, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

static void compute(struct rates *rates, struct rates_row *row)
{
	const struct rates_row *before = NULL;
	double seconds;

	if (rates->before_cnt)
		before = bsearch(row, rates->before, rates->before_cnt, sizeof(*row),
				 compare_process);
	if (!before || row->mono_ns <= before->mono_ns)
		return;
	seconds = (double)(row->mono_ns - before->mono_ns) / 1e9;
	row->events_s = rate(row->emitted, before->emitted, seconds);
	row->lost_s = rate(row->lost, before->lost, seconds);
	row->overwritten_s = rate(row->overwritten, before->overwritten, seconds);
	row->bytes_s = rate(row->bytes, before->bytes, seconds);
	row->traps_s = rate(row->flushes, before->flushes, seconds);
	rates->totals.events_s += row->events_s;
	rates->totals.lost_s += row->lost_s;
}

/* ---- sorting: the largest first, and by process where that is equal ---- */

static int compare_doubles(double a, double b, const void *left, const void *right)
{
	const int order = (a < b) - (a > b);

	return order ? order : compare_process(left, right);
}

#define COMPARE_BY(name, expression)                                                               \
	static double name##_of(const struct rates_row *row)                                       \
	{                                                                                          \
		return expression;                                                                 \
	}                                                                                          \
	static int compare_##name(const void *a, const void *b)                                    \
	{                                                                                          \
		return compare_doubles(name##_of(a), name##_of(b), a, b);                          \
	}

COMPARE_BY(events, row->events_s)
COMPARE_BY(lost, row->lost_s * 1e9 + (double)row->lost)
COMPARE_BY(fill, row->ring_bytes ? (double)row->ring_used_bytes / (double)row->ring_bytes : 0)
COMPARE_BY(traps, row->traps_s)
COMPARE_BY(pid, -(double)row->pid)

static int compare_service(const void *a, const void *b)
{
	const struct rates_row *left = a, *right = b;
	const int order = strcmp(left->service, right->service);

	return order ? order : compare_process(a, b);
}

void rates__sort(struct rates *rates, enum rates_sort sort)
{
	static int (*const compares[RATES_SORT_CNT])(const void *, const void *) = {
		[RATES_BY_EVENTS] = compare_events, [RATES_BY_LOST] = compare_lost,
		[RATES_BY_FILL] = compare_fill,     [RATES_BY_TRAPS] = compare_traps,
		[RATES_BY_PID] = compare_pid,       [RATES_BY_SERVICE] = compare_service,
	};

	sort_rows(rates->rows, rates->cnt, compares[sort]);
}

void rates__end(struct rates *rates, enum rates_sort sort)
{
	const struct rates_totals *before = &rates->totals_before;

	for (size_t i = 0; i < rates->cnt; i++)
		compute(rates, &rates->rows[i]);
	if (before->mono_ns && rates->totals.mono_ns > before->mono_ns)
		rates->totals.cpu = rate(rates->totals.cpu_ns, before->cpu_ns, 1) /
				    (double)(rates->totals.mono_ns - before->mono_ns);
	rates__sort(rates, sort);
}

/* SPDX-License-Identifier: MIT */
/*
 * The end of a span says how long it was, so its start need not be found: what lies in that time are
 * waits of the same thread that have come before. Each has the sums of all before it, so that the
 * sum of any part is a difference.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "spans.h"
#include "waiting.h"
#include "waits.h"

/* 64 bytes each. */
#define MAX_SLICES (1u << 19)

struct slice {
	uint64_t begin_ns, end_ns;
	uint64_t sums[WAIT_REASON_CNT]; /* with this one, and all before it in its lane */
};

struct lane_waits {
	struct slice *slices; /* in the order of time */
	size_t cnt, cap;
};

struct kind {
	struct ttlog_text target, probe;
	uint64_t cnt, total_ns;
	uint64_t waits_ns[WAIT_REASON_CNT];
};

struct waiting {
	struct spans spans;
	struct lane_waits *lanes; /* by lane of `spans` */
	size_t slice_cnt;
	uint64_t left_out_cnt; /* waits beyond MAX_SLICES */
	struct kind *kinds;
	size_t kind_cnt, kind_cap;
	uint32_t *kind_of; /* by site, over all files: number + 1; 0: not known yet */
};

static bool has_waits(struct ttlog_snapshot *const *readers, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		const struct ttlog_info *info = ttlog_snapshot_info(readers[i]);

		for (size_t k = 0; k < info->site_cnt; k++) {
			if (wait__is_site(info->sites[k]))
				return true;
		}
	}
	return false;
}

int waiting__new(struct ttlog_snapshot *const *readers, size_t reader_cnt, struct waiting **ret)
{
	struct waiting *waiting = NULL;

	*ret = NULL;
	if (!has_waits(readers, reader_cnt))
		return 0;
	waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return -ENOMEM;
	if (spans__init(&waiting->spans, readers, reader_cnt)) {
		free(waiting);
		return -ENOMEM;
	}
	waiting->lanes = calloc(waiting->spans.lane_cnt + 1, sizeof(*waiting->lanes));
	waiting->kind_of =
		calloc(waiting->spans.provenances.site_cnt + 1, sizeof(*waiting->kind_of));
	if (!waiting->lanes || !waiting->kind_of) {
		waiting__free(waiting);
		return -ENOMEM;
	}
	*ret = waiting;
	return 0;
}

void waiting__free(struct waiting *waiting)
{
	if (!waiting)
		return;
	for (size_t i = 0; waiting->lanes && i < waiting->spans.lane_cnt; i++)
		free(waiting->lanes[i].slices);
	free(waiting->lanes);
	free(waiting->kinds);
	free(waiting->kind_of);
	spans__fini(&waiting->spans);
	free(waiting);
}

/* ---- Waits ---- */

static int add_wait(struct waiting *waiting, const struct ttlog_event *event,
		    const struct wait *wait)
{
	struct lane *lane = spans__lane(&waiting->spans, event);
	struct lane_waits *waits = &waiting->lanes[lane - waiting->spans.lanes];
	const uint64_t end_ns = spans__ns(&waiting->spans, event);
	struct slice slice = { .begin_ns = wait__begin_ns(wait, lane, end_ns), .end_ns = end_ns };

	if (waiting->slice_cnt == MAX_SLICES) {
		waiting->left_out_cnt++;
		return 0;
	}
	if (array__reserve(waits->slices, waits->cnt + 1, &waits->cap))
		return -ENOMEM;
	if (waits->cnt)
		memcpy(slice.sums, waits->slices[waits->cnt - 1].sums, sizeof(slice.sums));
	slice.sums[wait->reason] += slice.end_ns - slice.begin_ns;
	waits->slices[waits->cnt++] = slice;
	waiting->slice_cnt++;
	return 0;
}

/* The first one that ends after that time. */
static size_t first_after(const struct lane_waits *waits, uint64_t ns)
{
	size_t low = 0, high = waits->cnt;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (waits->slices[middle].end_ns <= ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds the waits between two times. The clocks of marks and waits differ a little: so a wait counts
 * as a whole if its end is inside, and no wait reaches across the start of a span. */
static void add_between(const struct lane_waits *waits, uint64_t begin_ns, uint64_t end_ns,
			uint64_t sums[WAIT_REASON_CNT])
{
	const size_t from = first_after(waits, begin_ns), to = first_after(waits, end_ns);

	if (from >= to)
		return;
	for (size_t i = 0; i < WAIT_REASON_CNT; i++)
		sums[i] += waits->slices[to - 1].sums[i] -
			   (from ? waits->slices[from - 1].sums[i] : 0);
}

/* ---- Spans ---- */

/* NULL: no memory. */
static struct kind *kind_of(struct waiting *waiting, const struct ttlog_event *end)
{
	uint32_t *number = &waiting->kind_of[spans__site_number(&waiting->spans, end)];
	size_t i = 0;

	if (*number)
		return &waiting->kinds[*number - 1];
	while (i < waiting->kind_cnt &&
	       !(ttlog_text_equal(waiting->kinds[i].probe, end->site->probe) &&
		 ttlog_text_equal(waiting->kinds[i].target, end->site->target)))
		i++;
	if (i == waiting->kind_cnt) {
		if (array__reserve(waiting->kinds, i + 1, &waiting->kind_cap))
			return NULL;
		waiting->kinds[waiting->kind_cnt++] = (struct kind){
			.target = end->site->target,
			.probe = end->site->probe,
		};
	}
	*number = (uint32_t)i + 1;
	return &waiting->kinds[i];
}

static int add_span(struct waiting *waiting, const struct ttlog_event *end)
{
	const struct lane *lane = spans__lane(&waiting->spans, end);
	const uint64_t end_ns = spans__ns(&waiting->spans, end);
	struct kind *kind = kind_of(waiting, end);
	struct ttlog_field duration;

	if (!kind)
		return -ENOMEM;
	ttlog_event_field(end, 0, &duration);
	if (duration.null)
		return 0;
	kind->cnt++;
	kind->total_ns += duration.u;
	add_between(&waiting->lanes[lane - waiting->spans.lanes],
		    end_ns > duration.u ? end_ns - duration.u : 0, end_ns, kind->waits_ns);
	return 0;
}

/* Event by event: only files with waits come here. */
int waiting__run(struct waiting *waiting, const struct ttlog_run *run)
{
	int err = 0;

	for (uint32_t i = 0; waiting && !err && i < run->cnt; i++) {
		struct ttlog_event event;
		struct wait wait;

		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, i), &event);
		if (event.site->kind == TTLOG_EVENT_SPAN_END)
			err = add_span(waiting, &event);
		else if (wait__of(&event, &wait))
			err = add_wait(waiting, &event, &wait);
		spans__lane(&waiting->spans, &event)->last_ns = spans__ns(&waiting->spans, &event);
	}
	return err;
}

/* ---- Output ---- */

static int by_total(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	return (x->total_ns < y->total_ns) - (x->total_ns > y->total_ns);
}

/* Waits of spans that were left by longjmp() may add up to more than the ends say. */
static uint64_t on_cpu_ns(const struct kind *kind)
{
	uint64_t off_ns = 0;

	for (size_t i = 0; i < WAIT_REASON_CNT; i++)
		off_ns += kind->waits_ns[i];
	return kind->total_ns > off_ns ? kind->total_ns - off_ns : 0;
}

static void print_json(struct out *out, const struct kind *kind)
{
	out__json_member(out, "{\"span\":{\"target\":", kind->target);
	out__json_member(out, ",\"probe\":", kind->probe);
	out__json_u64(out, "},\"spans\":", kind->cnt);
	out__json_u64(out, ",\"duration_ns\":", kind->total_ns);
	out__json_u64(out, ",\"on_cpu_ns\":", on_cpu_ns(kind));
	out__text(out, ",\"off_cpu_ns\":{");
	for (size_t i = 0; i < WAIT_REASON_CNT; i++) {
		out__format(out, "%s\"%s\":", i ? "," : "", WAIT_REASONS[i]);
		out__u64(out, kind->waits_ns[i]);
	}
	out__text(out, "}}\n");
}

#define COLUMN_WIDTH 10

static void print_duration(struct out *out, uint64_t ns)
{
	char text[DURATION_BYTES] = "-";

	if (ns)
		(void)duration_text(text, ns);
	out__format(out, " %*s", COLUMN_WIDTH, text);
}

/* No column for reasons that did not occur. */
static bool occurs(const struct waiting *waiting, size_t reason)
{
	for (size_t k = 0; k < waiting->kind_cnt; k++) {
		if (waiting->kinds[k].waits_ns[reason])
			return true;
	}
	return false;
}

static void print_head(const struct waiting *waiting, struct out *out)
{
	out__format(out, "\n%10s %*s %*s", "spans", COLUMN_WIDTH, "total", COLUMN_WIDTH, "on CPU");
	for (size_t i = 0; i < WAIT_REASON_CNT; i++) {
		if (occurs(waiting, i))
			out__format(out, " %*s", COLUMN_WIDTH, WAIT_REASONS[i]);
	}
	out__text(out, "  span\n");
}

static void print_kind(const struct waiting *waiting, struct out *out, const struct kind *kind)
{
	out__format(out, "%10llu", (unsigned long long)kind->cnt);
	print_duration(out, kind->total_ns);
	print_duration(out, on_cpu_ns(kind));
	for (size_t i = 0; i < WAIT_REASON_CNT; i++) {
		if (occurs(waiting, i))
			print_duration(out, kind->waits_ns[i]);
	}
	out__text(out, "  ");
	out__plain(out, kind->target);
	out__char(out, ':');
	out__plain(out, kind->probe);
	out__char(out, '\n');
}

void waiting__print(struct waiting *waiting, struct out *out, size_t most, bool json)
{
	if (!waiting || !waiting->kind_cnt)
		return;
	/* numbers of sites are not valid after this */
	qsort(waiting->kinds, waiting->kind_cnt, sizeof(*waiting->kinds), by_total);
	if (!json)
		print_head(waiting, out);
	for (size_t i = 0; i < waiting->kind_cnt && i < most; i++) {
		if (json)
			print_json(out, &waiting->kinds[i]);
		else
			print_kind(waiting, out, &waiting->kinds[i]);
	}
	if (!json && waiting->left_out_cnt)
		out__format(out, "%llu waits were left out: they would take too much memory\n",
			    (unsigned long long)waiting->left_out_cnt);
}

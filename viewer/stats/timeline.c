/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"
#include "text.h"

#define MAX_SLOTS 16384u
#define MAX_LINES 50u
#define LEVELS    (TTLOG_LEVEL_FATAL + 1u)
#define NS_PER_S  UINT64_C(1000000000)

/* Each divides the next. The last ones need only a few slots for all times that exist. */
static const uint64_t STEPS[] = {
	1,
	10,
	100,
	1000,
	10000,
	100000,
	1000000,
	10000000,
	100000000,
	NS_PER_S,
	10 * NS_PER_S,
	60 * NS_PER_S,
	600 * NS_PER_S,
	3600 * NS_PER_S,
	6 * 3600 * NS_PER_S,
	24 * 3600 * NS_PER_S,
	240 * 3600 * NS_PER_S,
	2400 * 3600 * NS_PER_S,
};

#define STEP_CNT (sizeof(STEPS) / sizeof(STEPS[0]))

/* How many steps an interval may have: all are easy to read. */
static const unsigned MULTIPLES[] = { 1, 2, 5 };

struct slot {
	uint64_t cnts[LEVELS];
};

struct timeline {
	unsigned step;        /* into STEPS */
	uint64_t first, last; /* numbers of slots: time / step */
	bool any;
	struct slot slots[MAX_SLOTS]; /* from `first` on */
};

/* ---- Counting ---- */

static void add_slot(struct slot *to, const struct slot *from)
{
	for (unsigned i = 0; i < LEVELS; i++)
		to->cnts[i] += from->cnts[i];
}

/* Makes intervals one step longer. */
static void coarsen(struct timeline *timeline)
{
	const uint64_t ratio = STEPS[timeline->step + 1] / STEPS[timeline->step];
	const uint64_t first = timeline->first / ratio, last = timeline->last / ratio;

	/* relative to `first`: the last slot's number may be the greatest there is */
	for (uint64_t i = 0; i <= timeline->last - timeline->first; i++) {
		struct slot slot = timeline->slots[i];

		timeline->slots[i] = (struct slot){ { 0 } };
		add_slot(&timeline->slots[(timeline->first + i) / ratio - first], &slot);
	}
	timeline->first = first;
	timeline->last = last;
	timeline->step++;
}

/* Makes a slot for the time, if there is none, and returns it. */
static struct slot *slot_at(struct timeline *timeline, uint64_t real_ns)
{
	uint64_t at = real_ns / STEPS[timeline->step];

	if (!timeline->any) {
		timeline->any = true;
		timeline->first = timeline->last = at;
	}
	while ((at < timeline->first && timeline->last - at >= MAX_SLOTS) ||
	       (at > timeline->first && at - timeline->first >= MAX_SLOTS)) {
		if (timeline->step + 1 == STEP_CNT)
			return &timeline->slots[0];
		coarsen(timeline);
		at = real_ns / STEPS[timeline->step];
	}
	if (at < timeline->first) {
		const uint64_t more = timeline->first - at;

		memmove(timeline->slots + more, timeline->slots,
			(timeline->last - timeline->first + 1) * sizeof(*timeline->slots));
		memset(timeline->slots, 0, more * sizeof(*timeline->slots));
		timeline->first = at;
	}
	if (at > timeline->last)
		timeline->last = at;
	return &timeline->slots[at - timeline->first];
}

static void add_run(struct timeline *timeline, const struct ttlog_run *run)
{
	const struct ttlog_info *header = ttlog_snapshot_info(run->snapshot);
	const struct ttlog_chunk *chunk = ttlog_snapshot_chunk(run->snapshot);
	uint64_t from = 0, len = 0; /* the time of `slot` */
	struct slot *slot = NULL;

	for (uint32_t i = 0; i < run->cnt; i++) {
		uint32_t position = ttlog_run_at(run, i);
		uint64_t real_ns = ttlog_info_real_ns(header, chunk->mono_ns[position]);
		uint32_t site = chunk->groups[ttlog_chunk_group(chunk, position)].site;

		if (real_ns - from >= len) {
			slot = slot_at(timeline, real_ns);
			len = STEPS[timeline->step];
			from = real_ns / len * len;
		}
		slot->cnts[header->sites[site]->level]++;
	}
}

/* ---- Printing ---- */

struct shape {
	uint64_t slots; /* in each interval */
	uint64_t first, last;
	bool levels[LEVELS]; /* the levels that occur */
	size_t widths[LEVELS], total_width;
	uint64_t most; /* the most events in an interval */
};

static struct slot interval_at(const struct timeline *timeline, const struct shape *shape,
			       uint64_t at)
{
	struct slot sum = { { 0 } };

	for (uint64_t i = 0; i < shape->slots; i++) {
		uint64_t slot = at * shape->slots + i - timeline->first;

		if (slot <= timeline->last - timeline->first)
			add_slot(&sum, &timeline->slots[slot]);
	}
	return sum;
}

static uint64_t total_of(const struct slot *slot)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < LEVELS; i++)
		total += slot->cnts[i];
	return total;
}

static size_t at_least(size_t width, size_t least)
{
	return width > least ? width : least;
}

/* Chooses the shortest interval that gives few enough lines. */
static void choose_interval(const struct timeline *timeline, struct shape *shape)
{
	for (unsigned step = timeline->step; step < STEP_CNT; step++) {
		const uint64_t ratio = STEPS[step] / STEPS[timeline->step];
		const unsigned cnt = sizeof(MULTIPLES) / sizeof(MULTIPLES[0]);

		for (unsigned i = 0; i < cnt; i++) {
			shape->slots = ratio * MULTIPLES[i];
			shape->first = timeline->first / shape->slots;
			shape->last = timeline->last / shape->slots;
			if (shape->last - shape->first < MAX_LINES)
				return;
			/* 5 of these do not divide the next */
			if (step + 1 < STEP_CNT && STEPS[step + 1] / STEPS[step] % 10 && i)
				break;
		}
	}
}

static void choose_shape(const struct timeline *timeline, struct shape *shape)
{
	struct slot most = { { 0 } };

	*shape = (struct shape){ .most = 1, .total_width = 6 };
	choose_interval(timeline, shape);
	for (uint64_t at = 0; at <= shape->last - shape->first; at++) {
		struct slot slot = interval_at(timeline, shape, shape->first + at);
		uint64_t total = total_of(&slot);

		shape->most = total > shape->most ? total : shape->most;
		for (unsigned i = 0; i < LEVELS; i++) {
			if (slot.cnts[i] > most.cnts[i])
				most.cnts[i] = slot.cnts[i];
		}
	}
	shape->total_width = at_least(out__u64_width(shape->most), shape->total_width);
	for (unsigned i = 0; i < LEVELS; i++) {
		shape->levels[i] = most.cnts[i] > 0;
		shape->widths[i] =
			at_least(out__u64_width(most.cnts[i]), strlen(ttlog_level_name(i)));
	}
}

/* A bar of all levels, one after the other; without UTF-8, of their first letters. */
static void print_bar(const struct slot *slot, double columns_per_event, struct out *out,
		      const struct terminal *terminal)
{
	uint64_t sum = 0;
	size_t len = 0;

	for (unsigned i = 0; i < LEVELS; i++) {
		size_t end;

		sum += slot->cnts[i];
		end = (size_t)((double)sum * columns_per_event + 0.5);
		if (!slot->cnts[i] || len >= end)
			continue;
		if (terminal->colour)
			out__text(out, level_colour(i));
		for (; len < end; len++)
			out__bytes(out, terminal->utf8 ? "\xe2\x96\x88" : ttlog_level_name(i),
				   terminal->utf8 ? 3 : 1);
		if (terminal->colour)
			out__text(out, "\033[0m");
	}
}

static void print_line(const struct shape *shape, const struct slot *slot, uint64_t from_ns,
		       struct out *out, const struct terminal *terminal)
{
	const uint64_t total = total_of(slot);
	size_t used = 30 + 2 + shape->total_width + 2;

	out__time(out, from_ns);
	out__format(out, "  %*llu", (int)shape->total_width, (unsigned long long)total);
	for (unsigned i = 0; i < LEVELS; i++) {
		if (!shape->levels[i])
			continue;
		out__format(out, "  %*llu", (int)shape->widths[i],
			    (unsigned long long)slot->cnts[i]);
		used += 2 + shape->widths[i];
	}
	if (total && used + 4 < terminal->width) {
		out__text(out, "  ");
		print_bar(slot, (double)(terminal->width - used) / (double)shape->most, out,
			  terminal);
	}
	out__char(out, '\n');
}

static void print_json(const struct slot *slot, uint64_t from_ns, uint64_t len_ns, struct out *out)
{
	bool first = true;

	out__text(out, "{\"from\":\"");
	out__time(out, from_ns);
	out__text(out, "\",\"interval_ns\":");
	out__u64(out, len_ns);
	out__text(out, ",\"events\":");
	out__u64(out, total_of(slot));
	out__text(out, ",\"levels\":{");
	for (unsigned i = 0; i < LEVELS; i++) {
		if (!slot->cnts[i])
			continue;
		out__text(out, first ? "\"" : ",\"");
		out__text(out, ttlog_level_name(i));
		out__text(out, "\":");
		out__u64(out, slot->cnts[i]);
		first = false;
	}
	out__text(out, "}}\n");
}

static void print_head(const struct timeline *timeline, const struct shape *shape, struct out *out)
{
	char interval[DURATION_BYTES];
	const uint64_t len_ns = shape->slots * STEPS[timeline->step];

	interval[duration_text(interval, len_ns)] = '\0';
	out__format(out, "every %-24s  %*s", interval, (int)shape->total_width, "events");
	for (unsigned i = 0; i < LEVELS; i++) {
		if (shape->levels[i])
			out__format(out, "  %*s", (int)shape->widths[i], ttlog_level_name(i));
	}
	out__char(out, '\n');
}

/* Returns the length of an interval. */
static uint64_t print(const struct timeline *timeline, struct out *out,
		      const struct terminal *terminal, bool json)
{
	struct shape shape;

	if (!timeline->any)
		return 0;
	choose_shape(timeline, &shape);
	if (!json)
		print_head(timeline, &shape, out);
	for (uint64_t i = 0; i <= shape.last - shape.first; i++) {
		const uint64_t len_ns = shape.slots * STEPS[timeline->step], at = shape.first + i;
		struct slot slot = interval_at(timeline, &shape, at);

		if (json)
			print_json(&slot, at * len_ns, len_ns, out);
		else
			print_line(&shape, &slot, at * len_ns, out, terminal);
	}
	return shape.slots * STEPS[timeline->step];
}

int timeline__show(struct ttlog_stream *stream, uint64_t most, struct out *out,
		   const struct terminal *terminal, bool json, uint64_t *ret_interval_ns)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));
	struct ttlog_run run;

	if (!timeline)
		return -ENOMEM;
	for (; most && ttlog_stream_run(stream, most, &run); most -= run.cnt)
		add_run(timeline, &run);
	*ret_interval_ns = print(timeline, out, terminal, json);
	free(timeline);
	return 0;
}

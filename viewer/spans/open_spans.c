/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "open_spans.h"
#include "spans.h"

/* An end whose begin is still to come. */
struct held_end {
	const struct ttlog_site *site;
	uint64_t mono_ns, duration_ns;
};

struct open_lane {
	struct held_end *ends; /* the latest end first */
	uint32_t cnt;
	size_t cap;
	uint32_t unheld; /* ends without room */
};

/* ---- lanes ---- */

static bool has_spans(const struct ttlog_info *info)
{
	for (size_t i = 0; i < info->site_cnt; i++) {
		if (info->sites[i]->kind == TTLOG_EVENT_SPAN)
			return true;
	}
	return false;
}

struct entry {
	const struct ttlog_thread *thread;
	size_t number;
};

static int compare(const void *a, const void *b)
{
	const struct ttlog_thread *x = ((const struct entry *)a)->thread;
	const struct ttlog_thread *y = ((const struct entry *)b)->thread;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* A thread that changed its name has one lane. */
static void find_lanes(struct open_spans *spans, struct entry *entries, size_t cnt)
{
	qsort(entries, cnt, sizeof(*entries), compare);
	for (size_t i = 0; i < cnt; i++) {
		if (!i || compare(&entries[i - 1], &entries[i]))
			spans->lane_cnt++;
		spans->lane_of[entries[i].number] = (uint32_t)(spans->lane_cnt - 1);
	}
}

int open_spans__init(struct open_spans *ret, struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	struct open_spans spans = { .reader = reader };
	struct entry *entries;

	*ret = spans;
	if (!has_spans(info))
		return 0;
	entries = calloc(info->thread_cnt + 1, sizeof(*entries));
	spans.lanes = calloc(info->thread_cnt + 1, sizeof(*spans.lanes));
	spans.lane_of = calloc(info->thread_cnt + 1, sizeof(*spans.lane_of));
	spans.found = calloc(OPEN_SPANS_MAX, sizeof(*spans.found));
	if (!entries || !spans.lanes || !spans.lane_of || !spans.found) {
		free(entries);
		open_spans__fini(&spans);
		return -ENOMEM;
	}
	for (size_t i = 0; i < info->thread_cnt; i++)
		entries[i] = (struct entry){ info->threads[i], i };
	find_lanes(&spans, entries, info->thread_cnt);
	free(entries);
	*ret = spans;
	return 0;
}

void open_spans__fini(struct open_spans *spans)
{
	for (size_t i = 0; i < spans->lane_cnt; i++)
		free(spans->lanes[i].ends);
	free(spans->lanes);
	free(spans->lane_of);
	free(spans->found);
	*spans = (struct open_spans){ .reader = NULL };
}

/* ---- ends and begins ---- */

static int hold(struct open_spans *spans, struct open_lane *lane, const struct ttlog_event *end)
{
	struct ttlog_field duration;

	if (lane->cnt == SPANS_MAX_DEPTH || spans->held_cnt == SPANS_MAX_OPEN) {
		lane->unheld++;
		return 0;
	}
	if (array__reserve(lane->ends, lane->cnt + 1u, &lane->cap))
		return -ENOMEM;
	ttlog_event_field(end, 0, &duration);
	lane->ends[lane->cnt++] = (struct held_end){
		.site = end->site,
		.mono_ns = end->mono_ns,
		.duration_ns = duration.u,
	};
	spans->held_cnt++;
	return 0;
}

static bool is_over_before(const struct held_end *end, const struct ttlog_event *begin)
{
	return end->mono_ns - begin->mono_ns >
	       end->duration_ns + SPANS_SLACK_NS + end->duration_ns / 256;
}

/* Whether the start has an end: its own, or that of a span around it. */
static bool has_ended(struct open_spans *spans, struct open_lane *lane,
		      const struct ttlog_event *begin)
{
	/* these are the innermost, so their starts come first */
	if (lane->unheld) {
		lane->unheld--;
		return true;
	}
	while (lane->cnt) {
		const struct held_end *end = &lane->ends[lane->cnt - 1];
		bool is_own = spans__is_pair(begin, end->site, end->mono_ns, end->duration_ns);

		if (!is_own && !is_over_before(end, begin))
			return true;
		/* if it is not its own, the start of that end was lost */
		lane->cnt--;
		spans->held_cnt--;
		if (is_own)
			return true;
	}
	return false;
}

static bool has_group_of_spans(const struct ttlog_info *info, const struct ttlog_chunk *chunk)
{
	for (uint32_t i = 0; i < chunk->group_cnt; i++) {
		if (info->sites[chunk->groups[i].site]->kind != TTLOG_EVENT_PLAIN)
			return true;
	}
	return false;
}

int open_spans__look_at(struct open_spans *spans, size_t chunk)
{
	const struct ttlog_chunk *loaded = ttlog_snapshot_chunk(spans->reader);
	const struct ttlog_info *info = ttlog_snapshot_info(spans->reader);
	struct ttlog_event event;
	int err = 0;

	if (!spans->lanes || !has_group_of_spans(info, loaded))
		return 0;
	for (uint32_t k = loaded->n; !err && k-- > 0;) {
		uint32_t thread = ttlog_chunk_thread(loaded, k);
		struct open_lane *lane = &spans->lanes[spans->lane_of[thread]];
		uint32_t site = loaded->groups[ttlog_chunk_group(loaded, k)].site;

		/* tid 0: of many threads, mixed */
		if (info->sites[site]->kind == TTLOG_EVENT_PLAIN || !info->threads[thread]->tid)
			continue;
		ttlog_snapshot_event(spans->reader, k, &event);
		if (event.site->kind == TTLOG_EVENT_SPAN_END)
			err = hold(spans, lane, &event);
		else if (!has_ended(spans, lane, &event))
			spans->found[spans->found_cnt++ % OPEN_SPANS_MAX] =
				(struct open_span){ chunk, k };
	}
	return err;
}

/* ---- results ---- */

int open_spans__each(const struct open_spans *spans,
		     void (*show)(void *to, const struct ttlog_event *begin), void *to)
{
	uint64_t kept = spans->found_cnt - open_spans__more(spans);
	struct ttlog_event event;

	for (uint64_t i = spans->found_cnt; i-- > spans->found_cnt - kept;) {
		const struct open_span *span = &spans->found[i % OPEN_SPANS_MAX];
		int err = ttlog_snapshot_load(spans->reader, span->chunk);

		if (err == -ENOMEM)
			return err;
		if (err)
			continue;
		ttlog_snapshot_event(spans->reader, span->row, &event);
		show(to, &event);
	}
	return 0;
}

uint64_t open_spans__more(const struct open_spans *spans)
{
	return spans->found_cnt > OPEN_SPANS_MAX ? spans->found_cnt - OPEN_SPANS_MAX : 0;
}

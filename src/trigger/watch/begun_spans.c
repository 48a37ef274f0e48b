/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "array.h"
#include "begun_spans.h"

void begun_spans__fini(struct begun_spans *spans)
{
	free(spans->items);
	free(spans->lists);
	*spans = (struct begun_spans){ 0 };
}

void begun_spans__clear(struct begun_spans *spans)
{
	for (uint32_t i = 0; spans->lists && i < BEGUN_SPANS_LISTS; i++)
		spans->lists[i] = BEGUN_SPANS_NONE;
	spans->end = 0;
	spans->used_cnt = 0;
	spans->free = BEGUN_SPANS_NONE;
}

static int begin(struct begun_spans *spans)
{
	if (spans->lists)
		return 0;
	spans->lists = malloc(BEGUN_SPANS_LISTS * sizeof(*spans->lists));
	if (!spans->lists)
		return -1;
	begun_spans__clear(spans);
	return 0;
}

static uint32_t *list_of(const struct begun_spans *spans, uint32_t tid)
{
	return &spans->lists[tid % BEGUN_SPANS_LISTS];
}

static uint32_t take_free(struct begun_spans *spans)
{
	const uint32_t free = spans->free;

	if (free != BEGUN_SPANS_NONE) {
		spans->free = spans->items[free].next;
		return free;
	}
	if (spans->end == BEGUN_SPANS_MAX ||
	    array__reserve(spans->items, (size_t)spans->end + 1, &spans->cap))
		return BEGUN_SPANS_NONE;
	return spans->end++;
}

void begun_spans__add(struct begun_spans *spans, const struct begun_span *span)
{
	uint32_t number, *list;

	if (begin(spans))
		return;
	number = take_free(spans);
	if (number == BEGUN_SPANS_NONE)
		return;
	list = list_of(spans, span->tid);
	spans->items[number] = *span;
	spans->items[number].next = *list;
	spans->items[number].is_used = true;
	*list = number;
	spans->used_cnt++;
}

/* link: what points at it. */
static void drop(struct begun_spans *spans, uint32_t *link)
{
	struct begun_span *span = &spans->items[*link];
	const uint32_t number = *link;

	*link = span->next;
	span->next = spans->free;
	span->is_used = false;
	spans->free = number;
	spans->used_cnt--;
}

static bool is_known(const struct begun_spans *spans, uint32_t tid, uint64_t begin_ticks,
		     uint32_t *ret_fired)
{
	uint32_t number = *list_of(spans, tid);

	for (unsigned i = 0; i < BEGUN_SPANS_LOOK_AT && number != BEGUN_SPANS_NONE; i++) {
		const struct begun_span *span = &spans->items[number];

		if (span->tid == tid && span->begin_ticks == begin_ticks) {
			*ret_fired = span->fired;
			return true;
		}
		number = span->next;
	}
	return false;
}

uint32_t begun_spans__end(struct begun_spans *spans, uint32_t tid, uint64_t begin_ticks)
{
	uint32_t fired = 0, *link;

	if (!spans->used_cnt || !is_known(spans, tid, begin_ticks, &fired))
		return 0;
	/* those before it in the list, of the same thread, were begun in it */
	for (link = list_of(spans, tid); *link != BEGUN_SPANS_NONE;) {
		const struct begun_span *span = &spans->items[*link];
		const bool is_it = span->tid == tid && span->begin_ticks == begin_ticks;

		if (span->tid == tid)
			drop(spans, link);
		else
			link = &spans->items[*link].next;
		if (is_it)
			break;
	}
	return fired;
}

void begun_spans__end_thread(struct begun_spans *spans, uint32_t tid)
{
	uint32_t *link;

	if (!spans->used_cnt)
		return;
	for (link = list_of(spans, tid); *link != BEGUN_SPANS_NONE;) {
		if (spans->items[*link].tid == tid)
			drop(spans, link);
		else
			link = &spans->items[*link].next;
	}
}

struct begun_span *begun_spans__next(struct begun_spans *spans, uint32_t *at)
{
	while (*at < spans->end) {
		struct begun_span *span = &spans->items[(*at)++];

		if (span->is_used)
			return span;
	}
	return NULL;
}

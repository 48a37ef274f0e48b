/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "counters.h"
#include "events.h"
#include "field.h"
#include "order.h"

#define LAST UINT64_MAX /* events that have no such field */

uint64_t order__line_cnt(const struct order *order)
{
	if (order->is_sorted)
		return order->sorted.cnt;
	return order->events->rows ? rows__cnt(order->events->rows) : 0;
}

uint64_t order__row(const struct order *order, uint64_t line)
{
	if (order->is_sorted)
		return order->sorted.entries[line].row;
	return order->is_reversed ? rows__cnt(order->events->rows) - 1 - line : line;
}

uint64_t order__line(const struct order *order, uint64_t row)
{
	return order->is_sorted ? top_k__find(&order->sorted, row) : order__row(order, row);
}

const char *order__name(const struct order *order)
{
	static const char *const NAMES[] = { "time", "level", "thread", "where", "message" };

	return order->by == ORDER_FIELD ? order->field : NAMES[order->by];
}

bool order__is_without_field(const struct order *order)
{
	return order->sorted.cnt && order->sorted.entries[0].key == LAST;
}

/* ---- Keys ---- */

/* First numbers, the largest first, in the lower half of all keys; then texts, from A on. */
static uint64_t key_of_value(const struct ttlog_field *field)
{
	if (field->null)
		return LAST - 1;
	if (field->type == TTLOG_TYPE_STR || field->type == TTLOG_TYPE_BYTES)
		return 1ull << 63 | top_k__key_of_text(field->text.p, field->text.len) >> 1;
	return ~top_k__key_of_double(counters__double(field)) >> 1;
}

static uint64_t key_of_field(const struct order *order, const struct ttlog_event *event)
{
	const struct ttlog_text wanted = ttlog_text_of(order->field);
	const struct ttlog_site *site = event->site;
	struct ttlog_field field;

	for (unsigned i = 0; i < site->nfields; i++) {
		if (!ttlog_text_equal(site->keys[i], wanted) &&
		    !(i < ttlog_site_first_field(site) &&
		      (ttlog_text_is(wanted, "took") || ttlog_text_is(wanted, "duration"))))
			continue;
		ttlog_event_field(event, i, &field);
		return key_of_value(&field);
	}
	return LAST;
}

static int by_where(const void *a, const void *b)
{
	const struct ttlog_site *x = *(const struct ttlog_site *const *)a;
	const struct ttlog_site *y = *(const struct ttlog_site *const *)b;
	int result = event_field__order(x->target, y->target);

	return result ? result : event_field__order(x->probe, y->probe);
}

static int by_message(const void *a, const void *b)
{
	const struct ttlog_site *x = *(const struct ttlog_site *const *)a;
	const struct ttlog_site *y = *(const struct ttlog_site *const *)b;

	return event_field__order(x->msg.len ? x->msg : x->probe, y->msg.len ? y->msg : y->probe);
}

/* Sorts all sites of all files. The rank of a site is its place there. */
static int rank_sites(struct order *order)
{
	const struct sources *sources = &order->events->sources;
	size_t cap = 0;

	free(order->ranked);
	order->ranked = NULL;
	order->ranked_cnt = 0;
	for (size_t p = 0; p < sources->part_cnt; p++) {
		for (size_t i = 0; i < sources->parts[p].reader_cnt; i++) {
			const struct ttlog_info *info =
				ttlog_snapshot_info(sources->parts[p].readers[i]);

			if (array__reserve(order->ranked, order->ranked_cnt + info->site_cnt, &cap))
				return -ENOMEM;
			for (size_t k = 0; k < info->site_cnt; k++)
				order->ranked[order->ranked_cnt++] = info->sites[k];
		}
	}
	if (order->ranked_cnt)
		qsort(order->ranked, order->ranked_cnt, sizeof(struct ttlog_site *),
		      order->by == ORDER_WHERE ? by_where : by_message);
	return 0;
}

/* The place of the first equal site: sites that look alike have one rank. */
static uint64_t rank_of(const struct order *order, const struct ttlog_site *site)
{
	int (*by)(const void *a, const void *b) = order->by == ORDER_WHERE ? by_where : by_message;
	size_t low = 0, high = order->ranked_cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (by(&order->ranked[mid], &site) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t key_of(const struct order *order, const struct ttlog_event *event)
{
	switch (order->by) {
	case ORDER_LEVEL:
		return UINT8_MAX - event->site->level;
	case ORDER_THREAD:
		return event->thread->pid << 32 | (event->thread->tid & UINT32_MAX);
	case ORDER_FIELD:
		return key_of_field(order, event);
	default:
		return rank_of(order, event->site);
	}
}

/* ---- Sorting ---- */

static void watch(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct order *order = context;
	const struct ttlog_site *last_site = NULL;
	uint64_t key = 0;

	for (uint32_t i = 0; i < run->cnt && !order->err; i++) {
		struct ttlog_event event;

		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, i), &event);
		/* Mostly, the key depends on the site alone. */
		if (event.site != last_site || order->by == ORDER_FIELD ||
		    order->by == ORDER_THREAD)
			key = key_of(order, &event);
		last_site = event.site;
		order->err = top_k__add(&order->sorting,
					order->is_reversed && key != LAST ? ~key : key, row + i);
	}
}

int order__begin(struct order *order)
{
	int err = 0;

	order__end(order);
	if (order->by == ORDER_TIME || !order->events->rows)
		return 0;
	if (order->by == ORDER_WHERE || order->by == ORDER_MESSAGE)
		err = rank_sites(order);
	if (err)
		return err;
	order->sorter = events__make_rows(order->events, NULL, NULL);
	if (!order->sorter)
		return -errno;
	rows__watch(order->sorter, watch, order);
	return 0;
}

int order__work(struct order *order, uint64_t until_ns)
{
	int more = rows__work(order->sorter, until_ns);

	if (order->err || more)
		return order->err ? order->err : more;
	rows__free(order->sorter);
	order->sorter = NULL;
	top_k__finish(&order->sorting);
	order->sorted = order->sorting;
	order->sorting = (struct top_k){ .cnt = 0 };
	order->is_sorted = true;
	return 0;
}

void order__end(struct order *order)
{
	rows__free(order->sorter);
	order->sorter = NULL;
	top_k__fini(&order->sorting);
	top_k__fini(&order->sorted);
	order->is_sorted = false;
}

void order__fini(struct order *order)
{
	order__end(order);
	free(order->ranked);
}

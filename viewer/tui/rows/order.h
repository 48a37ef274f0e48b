/* SPDX-License-Identifier: MIT */
/*
 * The order of the table: which row is on which line, and back. By time, lines are rows, or rows
 * reversed. By another key, all rows are read once, and top_k keeps the first ones by that key.
 */
#ifndef TTLOG_VIEW_ORDER_H
#define TTLOG_VIEW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line_edit.h"
#include "top_k.h"

struct events;
struct rows;
struct ttlog_site;

enum order_by { /* update order__name() */
	ORDER_TIME,
	ORDER_LEVEL,
	ORDER_THREAD,
	ORDER_WHERE,
	ORDER_MESSAGE,
	ORDER_FIELD, /* must be last */
};

struct order {
	struct events *events;
	enum order_by by;
	char field[LINE_EDIT_BYTES]; /* ORDER_FIELD */
	bool is_reversed;
	bool is_sorted;      /* `sorted` is complete; until then the order is by time */
	struct rows *sorter; /* reads all rows; NULL: nothing is being sorted */
	struct top_k sorting, sorted;
	const struct ttlog_site **ranked; /* ORDER_WHERE, ORDER_MESSAGE: the sites, sorted */
	size_t ranked_cnt;
	int err;
};

uint64_t order__line_cnt(const struct order *order);
uint64_t order__row(const struct order *order, uint64_t line);
/* Returns order__line_cnt if the row is not among the sorted ones. */
uint64_t order__line(const struct order *order, uint64_t row);
const char *order__name(const struct order *order);
/* No event has the field. */
bool order__is_without_field(const struct order *order);

/* Begins to sort again. Until it is done, the order is by time. Returns 0 or -errno. */
int order__begin(struct order *order);
/* Sorts until then (CLOCK_MONOTONIC). Returns 1 if there is more to do, 0, or -errno. */
int order__work(struct order *order, uint64_t until_ns);
void order__end(struct order *order);
void order__fini(struct order *order);

#endif /* TTLOG_VIEW_ORDER_H */

/* SPDX-License-Identifier: MIT */
/*
 * The order in which rows are shown: which row is on which line of the table, and back. By time it is
 * that of the rows, or the reverse; else all rows are gone over once, and the first ones by a key are
 * kept (top_k).
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

enum order_by { /* order__name() follows */
	ORDER_TIME,
	ORDER_LEVEL,
	ORDER_THREAD,
	ORDER_WHERE,
	ORDER_MESSAGE,
	ORDER_FIELD, /* the last one */
};

struct order {
	struct events *events;
	enum order_by by;
	char field[LINE_EDIT_BYTES]; /* ORDER_FIELD */
	bool is_reversed;
	bool is_sorted;      /* `sorted` holds; else it is by time, until it is sorted */
	struct rows *sorter; /* what is gone over to be sorted; NULL: nothing is */
	struct top_k sorting, sorted;
	const struct ttlog_site **ranked; /* ORDER_WHERE, ORDER_MESSAGE: the sites, sorted */
	size_t ranked_cnt;
	int err;
};

uint64_t order__line_cnt(const struct order *order);
uint64_t order__row(const struct order *order, uint64_t line);
/* order__line_cnt where the row is not among those that were sorted. */
uint64_t order__line(const struct order *order, uint64_t row);
const char *order__name(const struct order *order);
/* Whether no event has the field. */
bool order__is_without_field(const struct order *order);

/* Begins anew, by time until it is sorted. 0 or -errno. */
int order__begin(struct order *order);
/* Returns 1 while there is more to sort, 0, or -errno. */
int order__work(struct order *order, uint64_t until_ns);
void order__end(struct order *order);
void order__fini(struct order *order);

#endif /* TTLOG_VIEW_ORDER_H */

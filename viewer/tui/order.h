/* SPDX-License-Identifier: MIT */
/*
 * Rows by something else than time. Bounded: of many the first ORDER_KEPT at least are kept, by a
 * buffer of twice as many of which the worse half goes whenever it is full.
 */
#ifndef TTLOG_VIEW_ORDER_H
#define TTLOG_VIEW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORDER_KEPT (1u << 19)

struct order_entry {
	uint64_t key, row;
};

struct order {
	struct order_entry *entries; /* after order__finish: ascending, equal keys by row */
	size_t cnt, cap;
	uint64_t total;
	bool has_most;
	struct order_entry most; /* what is not before it does not come in */
};

/* Returns 0 or -ENOMEM. */
int order__add(struct order *order, uint64_t key, uint64_t row);
void order__finish(struct order *order);
static inline bool order__is_cut(const struct order *order)
{
	return order->cnt < order->total;
}
/* Which entry has the row; cnt where none. */
size_t order__find(const struct order *order, uint64_t row);
/* Those rows are gone, and those behind them have moved up. */
void order__drop(struct order *order, uint64_t first, uint64_t cnt);
void order__fini(struct order *order);

/* Keys whose order is that of the numbers, of the texts (of their first bytes). */
uint64_t order__key_of_double(double v);
uint64_t order__key_of_text(const char *p, size_t len);

#endif /* TTLOG_VIEW_ORDER_H */

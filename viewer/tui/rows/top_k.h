/* SPDX-License-Identifier: MIT */
/*
 * The first rows by a key. Bounded: at least the first TOP_K_KEPT are kept, in a buffer for twice
 * as many; whenever it is full, its worse half is dropped.
 */
#ifndef TTLOG_VIEW_TOP_K_H
#define TTLOG_VIEW_TOP_K_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_K_KEPT (1u << 19)

struct top_k_entry {
	uint64_t key, row;
};

struct top_k {
	struct top_k_entry *entries; /* after top_k__finish: ascending, equal keys by row */
	size_t cnt, cap;
	uint64_t total;
	bool has_most;
	struct top_k_entry most; /* only entries before it are taken */
};

/* Returns 0 or -ENOMEM. */
int top_k__add(struct top_k *top, uint64_t key, uint64_t row);
void top_k__finish(struct top_k *top);
static inline bool top_k__is_cut(const struct top_k *top)
{
	return top->cnt < top->total;
}
/* The index of the entry with that row; cnt if there is none. */
size_t top_k__find(const struct top_k *top, uint64_t row);
/* Those rows are gone, and the rows after them have moved up. */
void top_k__drop(struct top_k *top, uint64_t first, uint64_t cnt);
void top_k__fini(struct top_k *top);

/* Keys in the order of the numbers, and in that of the first bytes of texts. */
uint64_t top_k__key_of_double(double v);
uint64_t top_k__key_of_text(const char *p, size_t len);

#endif /* TTLOG_VIEW_TOP_K_H */

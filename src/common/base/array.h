/* SPDX-License-Identifier: MIT */
/*
 * Growing arrays: a pointer, the number of elements in use, and the capacity. The owner has all
 * three; NULL and 0 are an empty array, and free() frees it.
 *
 *	if (array__reserve(list->items, list->cnt + 1, &list->cap))
 *		return -ENOMEM;
 *	list->items[list->cnt++] = item;
 */
#ifndef TTLOG_ARRAY_H
#define TTLOG_ARRAY_H

#include <stddef.h>

/* Elements of an array of fixed size. */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Makes room for `cnt` elements, at least doubling the capacity. 0, or -ENOMEM: nothing has
 * changed. */
#define array__reserve(items, cnt, cap) array__grow(&(items), sizeof(*(items)), cnt, cap)

/* `items`: the address of the pointer. */
int array__grow(void *items, size_t item_bytes, size_t cnt, size_t *cap);

#endif /* TTLOG_ARRAY_H */

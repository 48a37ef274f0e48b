/* SPDX-License-Identifier: MIT */
/*
 * A binary heap that merges sources: each has a number and the key of its next element. The least
 * key is on top; of equal keys, that with the least number.
 */
#ifndef TTLOG_HEAP_H
#define TTLOG_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_source {
	uint64_t key;
	uint32_t number;
};

static inline bool heap__is_before(struct heap_source a, struct heap_source b)
{
	return a.key != b.key ? a.key < b.key : a.number < b.number;
}

/* Moves source `at`, which is new or has a new key, down to its place. */
static inline void heap__sift_down(struct heap_source *heap, size_t cnt, size_t at)
{
	const struct heap_source moved = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= cnt)
			break;
		if (child + 1 < cnt && heap__is_before(heap[child + 1], heap[child]))
			child++;
		if (!heap__is_before(heap[child], moved))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

/* Makes a heap of sources in any order. */
static inline void heap__make(struct heap_source *heap, size_t cnt)
{
	for (size_t i = cnt / 2; i-- > 0;)
		heap__sift_down(heap, cnt, i);
}

#endif /* TTLOG_HEAP_H */

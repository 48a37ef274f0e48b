/* SPDX-License-Identifier: MIT */
/*
 * Applies a filter's term to a whole column. What is the same for many values is computed once: a
 * value takes 1 ns; term__field() takes 20.
 */
#ifndef TTLOG_READ_COLUMN_FILTER_H
#define TTLOG_READ_COLUMN_FILTER_H

#include <stdint.h>

struct term;
struct ttlog_column;

/* Sets hits[i] to 1 if term__field() holds for element i; else hits[i] stays. If asked[i] is 0,
 * either may happen. */
void column_filter__match(const struct term *term, const struct ttlog_column *column, uint32_t cnt,
			  const uint8_t *asked, uint8_t *hits);

#endif /* TTLOG_READ_COLUMN_FILTER_H */

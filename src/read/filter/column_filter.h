/* SPDX-License-Identifier: MIT */
/*
 * A filter's term over a whole column: what is the same for many values is found out once, so that
 * a value costs a nanosecond where term__field takes twenty.
 */
#ifndef TTLOG_READ_COLUMN_FILTER_H
#define TTLOG_READ_COLUMN_FILTER_H

#include <stdint.h>

struct term;
struct ttlog_column;

/* hits[i] becomes 1 where term__field holds for element i, and stays as it is elsewhere; where
 * asked[i] is 0, either may happen. */
void column_filter__match(const struct term *term, const struct ttlog_column *column, uint32_t cnt,
			  const uint8_t *asked, uint8_t *hits);

#endif /* TTLOG_READ_COLUMN_FILTER_H */

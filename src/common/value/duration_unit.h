/* SPDX-License-Identifier: MIT */
/*
 * Durations with units, exactly: 5ms, 1.5s, 2m. A comparison with a field uses the field's unit,
 * which is the end of its key (latency_us, wait_ms, took_s); without one, nanoseconds.
 */
#ifndef TTLOG_DURATION_UNIT_H
#define TTLOG_DURATION_UNIT_H

#include "ttlog/read.h"

#include "number.h"

#define DURATION_UNIT_LIST "ns us ms s m h d"

/* "us" of latency_us, "ns" of duration. */
const char *duration_unit__of_key(struct ttlog_text key);

/* Nanoseconds of a unit; 0: it is no unit. */
uint64_t duration_unit__ns(const char *name);

/* Text as a number of the key's unit. Returns 0, or -EINVAL: it is no number with a unit. */
int duration_unit__parse(struct number *ret, struct ttlog_text text, struct ttlog_text key);

#endif /* TTLOG_DURATION_UNIT_H */

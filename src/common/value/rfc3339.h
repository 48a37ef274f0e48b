/* SPDX-License-Identifier: MIT */
/* Moments as text: 2026-11-21T06:00:00.123456789Z. */
#ifndef TTLOG_RFC3339_H
#define TTLOG_RFC3339_H

#include <stdint.h>

#define RFC3339_SECOND_BYTES 20u /* 2026-11-21T06:00:00. */
#define RFC3339_BYTES        30u

/* Write the first RFC3339_SECOND_BYTES, and the nine digits after them, without a zero byte. */
void rfc3339__second(char *to, uint64_t seconds_since_1970);
void rfc3339__fraction(char *to, uint32_t ns);

/* Writes all RFC3339_BYTES and a zero byte. */
void rfc3339__text(char to[RFC3339_BYTES + 1], uint64_t real_ns);

#endif /* TTLOG_RFC3339_H */

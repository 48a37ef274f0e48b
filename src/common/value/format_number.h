/* SPDX-License-Identifier: MIT */
/*
 * Numbers as text, without stdio, because that takes most of the time of printing events. A filter
 * that compares numbers as text compares this text.
 */
#ifndef TTLOG_FORMAT_NUMBER_H
#define TTLOG_FORMAT_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Any number or time fits: a decimal of scale 255 is the longest. */
#define FORMAT_NUMBER_BYTES 288u

/* All write at most FORMAT_NUMBER_BYTES, and return how many. For floating point that is the
 * shortest text that reads back as the same value, in the form of Python's repr(). */
size_t format__f64(char *to, double v);
size_t format__f32(char *to, float v);
size_t format__decimal(char *to, int64_t units, uint8_t scale);
size_t format__u64(char *to, uint64_t v);

#endif /* TTLOG_FORMAT_NUMBER_H */

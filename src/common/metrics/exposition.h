/* SPDX-License-Identifier: MIT */
/*
 * The text format of Prometheus, version 0.0.4: families of samples with labels.
 *
 * A reader refuses the whole text for one bad name, for a label that is not UTF-8, or for a family
 * in two places. So names come from the program, labels are cleaned, and a family begins once.
 */
#ifndef TTLOG_EXPOSITION_H
#define TTLOG_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum exposition_kind {
	EXPOSITION_COUNTER,
	EXPOSITION_GAUGE,
	EXPOSITION_HISTOGRAM,
};

struct exposition_family {
	const char *name; /* [a-z_]+, with the unit at the end; a counter's ends in _total */
	enum exposition_kind kind;
	const char *help; /* one line */
};

/* The value may be any bytes: see exposition__label_value(). */
struct exposition_label {
	const char *name, *value;
};

/* An upper bound, and how many values were at most so large. The last one of a histogram has all
 * values, and no bound. */
struct exposition_bucket {
	double bound;
	uint64_t cnt;
};

/* The lines that begin a family. Its samples follow. */
void exposition__begin(FILE *out, const struct exposition_family *family);
/* labels: `cnt` of them; NULL with 0. */
void exposition__count(FILE *out, const struct exposition_family *family,
		       const struct exposition_label *labels, size_t cnt, uint64_t value);
void exposition__real(FILE *out, const struct exposition_family *family,
		      const struct exposition_label *labels, size_t cnt, double value);
/* All of a histogram without labels. sum: of all values. */
void exposition__histogram(FILE *out, const struct exposition_family *family,
			   const struct exposition_bucket *buckets, size_t cnt, double sum);

/* Writes the value of a label between its quotes: escaped, and with U+FFFD for each byte that is
 * not UTF-8 and for each control character but the line feed. */
void exposition__label_value(FILE *out, const char *value);

#endif /* TTLOG_EXPOSITION_H */

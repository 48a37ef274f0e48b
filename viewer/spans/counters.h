/* SPDX-License-Identifier: MIT */
/*
 * The fields to draw as counters, for outputs that draw: --counters KEY[,KEY].
 */
#ifndef TTLOG_VIEW_COUNTERS_H
#define TTLOG_VIEW_COUNTERS_H

#include <ttlog/read.h>
#include "provenance.h"

struct counters {
	const char *keys; /* owned by the caller */
	size_t key_cnt;
	uint16_t *fields; /* by site, over all files: one bit per field; NULL: none */
};

/* keys: NULL: none. Returns 0 or -ENOMEM. */
int counters__init(struct counters *ret, const struct provenances *provenances, const char *keys);
void counters__fini(struct counters *counters);

/* Which of the keys it is, from 0; key_cnt: none. */
size_t counters__key(const struct counters *counters, struct ttlog_text key);
/* The value of a field that is a counter; false: it can't be drawn. */
bool counters__value(const struct ttlog_event *event, unsigned field, struct ttlog_field *ret);
/* The nearest double to a number. */
double counters__double(const struct ttlog_field *field);

static inline uint16_t counters__of(const struct counters *counters, size_t site_number)
{
	return counters->fields ? counters->fields[site_number] : 0;
}

#endif /* TTLOG_VIEW_COUNTERS_H */

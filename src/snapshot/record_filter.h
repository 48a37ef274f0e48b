/* SPDX-License-Identifier: MIT */
/*
 * Expressions (expr.h) about records in a ring, so that what was not asked for is not even encoded.
 * They mean the same as the viewer's filter over a snapshot of these records.
 *
 * A filter never changes. One thread at a time uses it.
 */
#ifndef TTLOG_RECORD_FILTER_H
#define TTLOG_RECORD_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr.h"
#include "thread.h"

struct catalog_site;
struct merge_record;
struct record_filter;

/*
 * texts: expressions, each zero-terminated, one after another. All must hold; none is fine. now_ns:
 * the wall time that relative times are relative to. NULL with errno; at EINVAL ret_why has lines
 * that tell what is wrong, and where.
 */
struct record_filter *record_filter__new(const char *texts, size_t bytes, uint64_t now_ns,
					 char *ret_why, size_t why_size);
/* NULL is fine. */
void record_filter__free(struct record_filter *filter);

/* Whether all records match. */
bool record_filter__is_empty(const struct record_filter *filter);
/* Whether records of the site match, as far as the site alone tells. */
enum expr_truth record_filter__site(const struct record_filter *filter,
				    const struct catalog_site *site);

/* A record, and what is not in it. */
struct record_facts {
	const struct merge_record *record;
	const struct thread *thread;
	uint64_t real_ns;
};

bool record_filter__matches(const struct record_filter *filter, const struct record_facts *facts);

#endif /* TTLOG_RECORD_FILTER_H */

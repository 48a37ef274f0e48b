/* SPDX-License-Identifier: MIT */
/*
 * Which events of a store may matter to a statement: by time, site, thread and file. sql_where
 * makes the bounds of a WHERE clause, sql_scan keeps to them.
 */
#ifndef TTLOG_VIEW_SQL_BOUNDS_H
#define TTLOG_VIEW_SQL_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

struct sql_bounds_file {
	uint8_t *sites, *threads; /* by number: 1 if it may match; NULL: all may */
	bool is_out;              /* no event of the file matches */
};

struct sql_bounds {
	bool is_nothing;
	uint64_t first_mono_ns, last_mono_ns; /* both included */
	uint64_t first_real_ns, last_real_ns;
	struct sql_bounds_file *files; /* by number in the store */
	size_t file_cnt;
};

/* Everything matches then. Returns 0 or -ENOMEM; then ret is empty. */
int sql_bounds__init(struct sql_bounds *ret, const struct store *store);
void sql_bounds__fini(struct sql_bounds *bounds);

/* The list of a file, whose entries the caller clears. NULL: no memory. */
uint8_t *sql_bounds__sites(struct sql_bounds *bounds, const struct store *store, size_t file);
uint8_t *sql_bounds__threads(struct sql_bounds *bounds, const struct store *store, size_t file);
/* From now on only starts and ends of spans match. Returns 0 or -ENOMEM. */
int sql_bounds__keep_spans(struct sql_bounds *bounds, const struct store *store);

/* Whether an event with these times may match. */
static inline bool sql_bounds__is_in_time(const struct sql_bounds *bounds, uint64_t mono_ns,
					  uint64_t real_ns)
{
	return mono_ns >= bounds->first_mono_ns && mono_ns <= bounds->last_mono_ns &&
	       real_ns >= bounds->first_real_ns && real_ns <= bounds->last_real_ns;
}

/* Whether all times between these may match, or none. `shift`: from monotonic to wall time; a file
 * may say that wall time passes 2^64. */
bool sql_bounds__has_all(const struct sql_bounds *bounds, uint64_t first_mono_ns,
			 uint64_t last_mono_ns, uint64_t shift);
bool sql_bounds__has_none(const struct sql_bounds *bounds, uint64_t first_mono_ns,
			  uint64_t last_mono_ns, uint64_t shift);

#endif /* TTLOG_VIEW_SQL_BOUNDS_H */

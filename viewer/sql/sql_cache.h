/* SPDX-License-Identifier: MIT */
/*
 * What statements gave, as it was printed: files do not change, so a statement that is given again
 * gives the same until one of the user's own tables does. At most SQL_CACHE_CNT statements of
 * OUT_COPY_BYTES each; the oldest goes.
 */
#ifndef TTLOG_VIEW_SQL_CACHE_H
#define TTLOG_VIEW_SQL_CACHE_H

#include "out.h"
#include "sql_print.h"

#define SQL_CACHE_CNT 16u

struct sql_cached {
	char *statement; /* NULL: nothing */
	enum sql_format format;
	struct out text; /* in memory */
};

struct sql_cache {
	struct sql_cached entries[SQL_CACHE_CNT];
	unsigned next;
};

/* What it gave, or NULL. */
struct sql_cached *sql_cache__find(struct sql_cache *cache, const char *statement,
				   enum sql_format format);
/* A place for what it will give, empty; NULL: no memory. It counts as nothing until it is kept. */
struct sql_cached *sql_cache__begin(struct sql_cache *cache);
void sql_cache__keep(struct sql_cached *cached, const char *statement, enum sql_format format);
/* Nothing holds any more. */
void sql_cache__clear(struct sql_cache *cache);

#endif /* TTLOG_VIEW_SQL_CACHE_H */

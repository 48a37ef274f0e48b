/* SPDX-License-Identifier: MIT */
/*
 * The printed results of statements. Files do not change, so a statement gives the same again,
 * until one changes the user's own tables. At most SQL_CACHE_CNT results of OUT_COPY_BYTES each;
 * the oldest goes first.
 */
#ifndef TTLOG_VIEW_SQL_CACHE_H
#define TTLOG_VIEW_SQL_CACHE_H

#include "out.h"
#include "sql_print.h"

#define SQL_CACHE_CNT 16u

struct sql_cached {
	char *statement; /* NULL: the entry is free */
	enum sql_format format;
	struct out text; /* in memory */
};

struct sql_cache {
	struct sql_cached entries[SQL_CACHE_CNT];
	unsigned next;
};

/* The statement's result, or NULL. */
struct sql_cached *sql_cache__find(struct sql_cache *cache, const char *statement,
				   enum sql_format format);
/* An empty place for a result; NULL: no memory. It does not count until sql_cache__keep(). */
struct sql_cached *sql_cache__begin(struct sql_cache *cache);
void sql_cache__keep(struct sql_cached *cached, const char *statement, enum sql_format format);
/* Forgets all results. */
void sql_cache__clear(struct sql_cache *cache);

#endif /* TTLOG_VIEW_SQL_CACHE_H */

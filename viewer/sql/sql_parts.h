/* SPDX-License-Identifier: MIT */
/* What the parts of SQL share: sql.h is for everyone else. */
#ifndef TTLOG_VIEW_SQL_PARTS_H
#define TTLOG_VIEW_SQL_PARTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "out.h"
#include "sql_cache.h"
#include "sql_columns.h"
#include "sql_index.h"
#include "store.h"

/* The fixed columns of table events, sql_events.c's table of names follows. */
enum events_column {
	EVENTS_TS,
	EVENTS_TS_NS,
	EVENTS_MONO_NS,
	EVENTS_LEVEL,
	EVENTS_LEVEL_NUMBER,
	EVENTS_TARGET,
	EVENTS_PROBE,
	EVENTS_MSG,
	EVENTS_PID,
	EVENTS_TID,
	EVENTS_COMM,
	EVENTS_FILE,
	EVENTS_LINE,
	EVENTS_FUNC,
	EVENTS_DURATION_NS,
	EVENTS_FIELDS,
	EVENTS_SNAPSHOT,
	EVENTS_COLUMN_CNT,
};

extern const char *const EVENTS_COLUMNS[EVENTS_COLUMN_CNT];

struct sql {
	sqlite3 *db;
	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	struct store store;
	struct sql_columns columns;
	struct sql_columns span_columns; /* of table spans */
	struct sql_indices indices;      /* of columns */
	uint64_t last_ns;                /* the last event's time: what others are relative to */
	bool is_clean;                   /* all text of all headers is valid UTF-8 */
	struct sql_cache cache;
	bool is_volatile; /* the statement that was prepared last: it may give another thing each time */
	struct out scratch; /* in memory: text of one value */
};

/* All but the database. Returns 0 or -ENOMEM; then ret is empty. */
int sql_parts__init(struct sql *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt);
void sql_parts__fini(struct sql *sql);
/* Tables, called PREFIX and their names, functions and collations. Returns SQLite's code. */
int sql_parts__register(struct sql *sql, const char *prefix);

/* Before the table is declared. Returns 0 or -ENOMEM. */
int sql_spans__init_columns(struct sql *sql);
/* As between the parentheses of CREATE TABLE. `plain`: without the collations that only we have. */
void sql_events__declare(const struct sql *sql, struct out *out, bool plain);
void sql_spans__declare(const struct sql *sql, struct out *out, bool plain);

/* Each makes its tables, called PREFIX and their names, or functions. Return 0 or SQLite's
 * error. */
int sql_events__register(struct sql *sql, const char *name);
int sql_spans__register(struct sql *sql, const char *name);
int sql_tables__register(struct sql *sql, const char *prefix);
int sql_functions__register(struct sql *sql);

#endif /* TTLOG_VIEW_SQL_PARTS_H */

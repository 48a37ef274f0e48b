/* SPDX-License-Identifier: MIT */
/*
 * The columns of tables events and spans. First come fixed ones, then one for each key of a site of
 * any file, in the order of the sites, up to SQL_COLUMNS_MAX.
 *
 * SQL's names of columns are equal in any case. A key that is the name of a column already is
 * called fields.KEY; where that is one, too, fields.KEY#2 and so on. Of several fields of one key
 * in a site the first counts. What has no column is still in the JSON of column `fields`.
 */
#ifndef TTLOG_VIEW_SQL_COLUMNS_H
#define TTLOG_VIEW_SQL_COLUMNS_H

#include <ttlog/read.h>
#include "out.h"
#include "store.h"

/* SQLite takes 2,000 columns; the fixed ones need some. */
#define SQL_COLUMNS_MAX 1900u

/* The types that are text in SQL, whatever the value is, as bits 1 << enum ttlog_type. */
#define SQL_COLUMNS_TEXTS                                                                          \
	(1u << TTLOG_TYPE_STR | 1u << TTLOG_TYPE_CHAR | 1u << TTLOG_TYPE_PTR | 1u << TTLOG_TYPE_HEX)

/* The fixed columns. Table events has the first ones, in this order; table spans has all but
 * FIXED_SUPPRESSED. */
enum sql_fixed {
	FIXED_TS,
	FIXED_TS_NS,
	FIXED_MONO_NS,
	FIXED_LEVEL,
	FIXED_LEVEL_NUMBER,
	FIXED_TARGET,
	FIXED_PROBE,
	FIXED_MSG,
	FIXED_PID,
	FIXED_TID,
	FIXED_COMM,
	FIXED_FILE,
	FIXED_LINE,
	FIXED_FUNC,
	FIXED_DURATION_NS,
	FIXED_TRACE_ID,
	FIXED_SPAN_ID,
	FIXED_SUPPRESSED,
	FIXED_FIELDS,
	FIXED_SNAPSHOT,
	FIXED_EVENTS_CNT,
	FIXED_END_TS = FIXED_EVENTS_CNT,
	FIXED_END_MONO_NS,
	FIXED_STATE,
	FIXED_DEPTH,
	FIXED_CNT,
};
#define FIXED_SPANS_CNT (FIXED_CNT - 1)

struct sql_fixed_column {
	const char *name, *type, *collation; /* NULL: SQLite's own */
};

extern const struct sql_fixed_column SQL_FIXED[FIXED_CNT];

/* Which columns a table has, and of which sites. */
struct sql_columns_of {
	unsigned kinds; /* of sites, as bits 1 << enum ttlog_event_kind */
	size_t fixed_cnt;
	uint8_t fixed[FIXED_CNT]; /* enum sql_fixed, in their order */
};

extern const struct sql_columns_of SQL_EVENTS_COLUMNS, SQL_SPANS_COLUMNS;

struct sql_column {
	char *name;
	struct ttlog_text key;
	uint32_t types;  /* the types that the key has, as bits 1 << enum ttlog_type */
	bool is_decimal; /* every value is shown as the text of a decimal */
};

struct sql_site {
	uint16_t columns[TTLOG_MAX_FIELDS]; /* by field; UINT16_MAX: none */
};

struct sql_columns {
	const struct sql_columns_of *of;
	struct sql_column *list; /* those of fields */
	size_t cnt, left_out;    /* left_out: keys that have no column */
	unsigned last_suffix;    /* the last number that was added to a name */
	struct sql_site **sites; /* by file, by number */
	size_t file_cnt;
};

/* Returns 0 or -ENOMEM; then ret is empty. */
int sql_columns__init(struct sql_columns *ret, const struct store *store,
		      const struct sql_columns_of *of);
void sql_columns__fini(struct sql_columns *columns);

/* Which field of the site is the column; -1: none. */
static inline int sql_columns__field(const struct sql_columns *columns, size_t file, size_t site,
				     size_t column)
{
	const struct sql_site *fields = &columns->sites[file][site];

	for (int i = 0; i < (int)TTLOG_MAX_FIELDS; i++) {
		if (fields->columns[i] == column)
			return i;
	}
	return -1;
}

/* The text of a site that is a fixed column: FIXED_LEVEL, FIXED_TARGET to FIXED_MSG, FIXED_FILE or
 * FIXED_FUNC. */
struct ttlog_text sql_columns__site_text(const struct ttlog_site *site, enum sql_fixed column);

/* What stands between the parentheses of CREATE TABLE. `plain`: without our own collations, for
 * other programs. */
void sql_columns__declare(const struct sql_columns *columns, struct out *out, bool plain);

#endif /* TTLOG_VIEW_SQL_COLUMNS_H */

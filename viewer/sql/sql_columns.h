/* SPDX-License-Identifier: MIT */
/*
 * The columns of tables events and spans that fields give: one for each key of a site of any file, in the
 * order in which the sites have them, up to SQL_COLUMNS_MAX.
 *
 * SQL's names of columns are equal in any case. A key that is the name of a column already is
 * called fields.KEY; where that is one, too, fields.KEY#2 and so on. Of several fields of one key
 * in a site the first counts. What has no column is still in the JSON of column `fields`.
 */
#ifndef TTLOG_VIEW_SQL_COLUMNS_H
#define TTLOG_VIEW_SQL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "out.h"
#include "store.h"

/* SQLite takes 2,000 of them at most, and the fixed ones need some. */
#define SQL_COLUMNS_MAX 1900u

struct sql_column {
	char *name;
	struct ttlog_text key;
	uint32_t types;  /* a bit for each enum ttlog_type that the key has */
	bool is_decimal; /* every value is given as the text of a decimal */
};

struct sql_site {
	uint16_t columns[TTLOG_MAX_FIELDS]; /* by field; UINT16_MAX: none */
};

struct sql_columns {
	struct sql_column *list;
	size_t cnt, left_out;    /* so many keys have none */
	unsigned last_suffix;    /* of the names that had to get one */
	struct sql_site **sites; /* by file, by number */
	size_t file_cnt;
};

/* `kinds`: of which sites, as bits 1 << enum ttlog_event_kind; `taken`: the names of the fixed columns.
 * Returns 0 or -ENOMEM; then ret is empty. */
int sql_columns__init(struct sql_columns *ret, const struct store *store, unsigned kinds,
		      const char *const *taken, size_t taken_cnt);
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

/* A fixed column's; `collation` is "" for none. */
struct sql_type {
	const char *type, *collation;
};

/* As between the parentheses of CREATE TABLE: the fixed columns, and behind them these. `plain`:
 * without the collations that only we have, for other programs. */
void sql_columns__declare(const struct sql_columns *columns, const char *const *names,
			  const struct sql_type *types, size_t cnt, struct out *out, bool plain);

#endif /* TTLOG_VIEW_SQL_COLUMNS_H */

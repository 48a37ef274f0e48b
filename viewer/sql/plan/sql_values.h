/* SPDX-License-Identifier: MIT */
/* Goes through the values of a field's column in all events, in the order of table events. */
#ifndef TTLOG_VIEW_SQL_VALUES_H
#define TTLOG_VIEW_SQL_VALUES_H

#include <ttlog/read.h>
#include "sql_bounds.h"
#include "sql_columns.h"
#include "sql_scan.h"
#include "store.h"

struct sql_values {
	const struct sql_columns *columns;
	size_t column;
	struct sql_bounds all;
	struct sql_scan scan;
	bool is_begun; /* the scan's event was already given */
	/* The current site's events in a chunk. */
	size_t file, chunk; /* SIZE_MAX: none */
	uint32_t group;
	const struct ttlog_column *source; /* NULL: the site has no such field */
};

/* Returns 0 or -ENOMEM; then ret is empty. ret must not move. */
int sql_values__init(struct sql_values *ret, struct store *store, const struct sql_columns *columns,
		     size_t column);
void sql_values__fini(struct sql_values *values);
/* The next value, valid until the one after it, and its row as store__row() numbers it. False:
 * there is no more. */
bool sql_values__next(struct sql_values *values, struct ttlog_field *ret, uint64_t *ret_row);

#endif /* TTLOG_VIEW_SQL_VALUES_H */

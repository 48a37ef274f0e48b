/* SPDX-License-Identifier: MIT */
/* The values that a field's column has in all events, in the order of table events. */
#ifndef TTLOG_VIEW_SQL_VALUES_H
#define TTLOG_VIEW_SQL_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	bool is_begun; /* the scan stands at an event that was given */
	/* Where it is in the events of one site of a chunk. */
	size_t file, chunk; /* SIZE_MAX: of none */
	uint32_t group;
	const struct ttlog_column *source; /* NULL: it is not there */
};

/* Returns 0 or -ENOMEM; then ret is empty. It stays where it is until sql_values__fini(). */
int sql_values__init(struct sql_values *ret, struct store *store, const struct sql_columns *columns,
		     size_t column);
void sql_values__fini(struct sql_values *values);
/* The next one, valid until the one after it, and its row as store__row() has it. False: there is no
 * more. */
bool sql_values__next(struct sql_values *values, struct ttlog_field *ret, uint64_t *ret_row);

#endif /* TTLOG_VIEW_SQL_VALUES_H */

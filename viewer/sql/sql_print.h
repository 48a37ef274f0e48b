/* SPDX-License-Identifier: MIT */
/*
 * The rows of a statement as a table for people, CSV, or a JSON object a line. Text of rows is
 * hostile; rows are printed as they come, a table's first ones once its columns' widths are known.
 */
#ifndef TTLOG_VIEW_SQL_PRINT_H
#define TTLOG_VIEW_SQL_PRINT_H

#include <sqlite3.h>
#include <stdint.h>

#include "out.h"

enum sql_format {
	SQL_TABLE,
	SQL_CSV,
	SQL_JSON,
};

/* Steps the statement to its end. Returns SQLite's code, SQLITE_DONE where all went well, or
 * -errno: the output's, or -ENOMEM. */
int sql_print__rows(struct out *out, sqlite3_stmt *statement, enum sql_format format);

#endif /* TTLOG_VIEW_SQL_PRINT_H */

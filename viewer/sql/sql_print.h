/* SPDX-License-Identifier: MIT */
/*
 * Prints the rows of a statement as a table for people, CSV, or a JSON object a line. The rows'
 * text is hostile. Rows are printed as they come, those of a table once the widths of its columns
 * are settled.
 */
#ifndef TTLOG_VIEW_SQL_PRINT_H
#define TTLOG_VIEW_SQL_PRINT_H

#include <sqlite3.h>

#include "out.h"

enum sql_format {
	SQL_TABLE,
	SQL_CSV,
	SQL_JSON,
};

/* Steps the statement to its end. Returns SQLite's code, SQLITE_DONE if all went well, or -errno:
 * the output's, or -ENOMEM. */
int sql_print__rows(struct out *out, sqlite3_stmt *statement, enum sql_format format);

#endif /* TTLOG_VIEW_SQL_PRINT_H */

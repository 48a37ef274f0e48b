/* SPDX-License-Identifier: MIT */
/* X REGEXP 'pattern' in SQL: the regular expressions of filters, found anywhere in the text. */
#ifndef TTLOG_VIEW_SQL_REGEXP_H
#define TTLOG_VIEW_SQL_REGEXP_H

#include <sqlite3.h>

/* Returns SQLite's code. */
int sql_regexp__register(sqlite3 *db);

#endif /* TTLOG_VIEW_SQL_REGEXP_H */

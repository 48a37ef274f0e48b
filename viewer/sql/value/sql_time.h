/* SPDX-License-Identifier: MIT */
/* Times in SQL: text that is compared as the time that it means, not letter by letter. */
#ifndef TTLOG_VIEW_SQL_TIME_H
#define TTLOG_VIEW_SQL_TIME_H

#include <ttlog/read.h>

/* Times are written as for --since (time_expr.h); relative ones count from last_ns. All are
 * compared as column ts would show them, also with text that is no time. */
int sql_time__collate(struct ttlog_text a, struct ttlog_text b, uint64_t last_ns);

#endif /* TTLOG_VIEW_SQL_TIME_H */

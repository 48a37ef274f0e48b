/* SPDX-License-Identifier: MIT */
/* Moments in SQL: text that is compared as the time that it means, not letter by letter. */
#ifndef TTLOG_VIEW_SQL_TIME_H
#define TTLOG_VIEW_SQL_TIME_H

#include <stdint.h>

#include <ttlog/read.h>

/* Moments are written as for --since (time_expr.h); those that are relative are to last_ns. All are
 * compared as if they were written as column ts has them, with what is no moment, too. */
int sql_time__collate(struct ttlog_text a, struct ttlog_text b, uint64_t last_ns);

#endif /* TTLOG_VIEW_SQL_TIME_H */

/* SPDX-License-Identifier: MIT */
/* The values that more than one table shows. */
#ifndef TTLOG_VIEW_SQL_ROW_H
#define TTLOG_VIEW_SQL_ROW_H

#include <sqlite3.h>

#include "sql_source.h"
#include <ttlog/read.h>

void sql_row__snapshot(sqlite3_context *to, const struct ttlog_snapshot *reader);
/* FIXED_LEVEL to FIXED_MSG, FIXED_FILE to FIXED_FUNC. */
void sql_row__site(sqlite3_context *to, const struct ttlog_site *site, enum sql_fixed column);
/* NULL if it is absent. */
void sql_row__id(sqlite3_context *to, struct ttlog_text id);
/* NULL if it is 0. */
void sql_row__suppressed(sqlite3_context *to, uint64_t cnt);
/* These, and all others that an event has but FIXED_DURATION_NS and FIXED_FIELDS. */
void sql_row__event(sqlite3_context *to, struct sql_source *source, const struct ttlog_event *event,
		    enum sql_fixed column);

#endif /* TTLOG_VIEW_SQL_ROW_H */

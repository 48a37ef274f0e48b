/* SPDX-License-Identifier: MIT */
/* Levels in SQL: names that are compared in the order of the levels, not of the alphabet. */
#ifndef TTLOG_VIEW_SQL_LEVEL_H
#define TTLOG_VIEW_SQL_LEVEL_H

#include <ttlog/read.h>

/* The level's number, its name in any case, or -EINVAL. */
int sql_level__parse(struct ttlog_text name);
/* Levels come before all other text. */
int sql_level__collate(struct ttlog_text a, struct ttlog_text b);

#endif /* TTLOG_VIEW_SQL_LEVEL_H */

/* SPDX-License-Identifier: MIT */
/* Levels in SQL: names that are compared by level, not by letter. */
#ifndef TTLOG_VIEW_SQL_LEVEL_H
#define TTLOG_VIEW_SQL_LEVEL_H

#include <ttlog/read.h>

/* The number of a level; its name may have any case. Or -EINVAL. */
int sql_level__parse(struct ttlog_text name);
/* Less than 0, 0 or more. Levels come before all other text. */
int sql_level__collate(struct ttlog_text a, struct ttlog_text b);

#endif /* TTLOG_VIEW_SQL_LEVEL_H */

/* SPDX-License-Identifier: MIT */
/* What the tables show: the events of some snapshots, and the columns that their fields give. */
#ifndef TTLOG_VIEW_SQL_SOURCE_H
#define TTLOG_VIEW_SQL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"
#include "sql_columns.h"
#include "sql_index.h"
#include "store.h"

struct sql_source {
	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	struct store store;
	struct sql_columns columns;      /* of table events */
	struct sql_columns span_columns; /* of table spans */
	struct sql_indices indices;      /* of table events */
	uint64_t last_ns;                /* the last event's time: relative times count from it */
	bool is_clean;                   /* all text of all headers is valid UTF-8 */
	struct out scratch;              /* in memory: text of one value */
};

/* Call it before SQLite is used. The readers stay the caller's, and ret must not move. Returns 0 or
 * -ENOMEM; then ret is empty. */
int sql_source__init(struct sql_source *ret, struct ttlog_snapshot *const *readers,
		     size_t reader_cnt);
void sql_source__fini(struct sql_source *source);

#endif /* TTLOG_VIEW_SQL_SOURCE_H */

/* SPDX-License-Identifier: MIT */
/*
 * --to-sqlite: the tables of --sql as a database of their own, for the sqlite3 program and all that
 * reads SQLite.
 *
 * It has none of our collations. Levels are text; level_number has their order. Decimals are
 * numbers if SQLite can make one of them, so they have at most 15 exact digits; column `fields` has
 * them as they are.
 */
#ifndef TTLOG_VIEW_TO_SQLITE_H
#define TTLOG_VIEW_TO_SQLITE_H

#include <ttlog/read.h>

/* Writes the file under a temporary name, and renames it once it is complete. A file that exists is
 * not replaced. Reports what is wrong. Returns 0 or -errno. */
int to_sqlite__write(const char *path, struct ttlog_snapshot *const *readers, size_t reader_cnt);

#endif /* TTLOG_VIEW_TO_SQLITE_H */

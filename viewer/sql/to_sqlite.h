/* SPDX-License-Identifier: MIT */
/*
 * --to-sqlite: the tables of --sql as a database of their own, for the sqlite3 program and whatever
 * else reads SQLite.
 *
 * Our collations are not in there: levels are text (level_number has their order), and decimals are
 * numbers where SQLite can make some of them, so of at most 15 exact digits; column `fields` has
 * them as they are.
 */
#ifndef TTLOG_VIEW_TO_SQLITE_H
#define TTLOG_VIEW_TO_SQLITE_H

#include <ttlog/read.h>

/* Writes the file under another name and gives it its own once it is whole; a file that is there
 * already stays as it is. What is wrong is said. Returns 0 or -errno. */
int to_sqlite__write(const char *path, struct ttlog_snapshot *const *readers, size_t reader_cnt);

#endif /* TTLOG_VIEW_TO_SQLITE_H */

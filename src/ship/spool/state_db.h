/* SPDX-License-Identifier: MIT */
/* The SQLite files of the shipper's own directory: each is safe to lose. */
#ifndef TTLOG_STATE_DB_H
#define TTLOG_STATE_DB_H

#include <sqlite3.h>

/* schema: statements that make its tables, if they are not there, and look at one. A file that is no database, or a damaged one,
 * is made anew. 0, or -EIO with ret_why for the user. The caller closes it. */
int state_db__open(const char *path, const char *schema, sqlite3 **ret, const char **ret_why);

#endif /* TTLOG_STATE_DB_H */

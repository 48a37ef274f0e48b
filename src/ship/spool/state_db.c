/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "state_db.h"

#define BUSY_MS 10000

static int open_at(const char *path, const char *schema, sqlite3 **ret)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	if (code == SQLITE_OK) {
		(void)sqlite3_busy_timeout(db, BUSY_MS);
		code = sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL,
				    NULL, NULL);
	}
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, schema, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		*ret = db;
	else
		(void)sqlite3_close(db);
	return code;
}

int state_db__open(const char *path, const char *schema, sqlite3 **ret, const char **ret_why)
{
	int code = open_at(path, schema, ret);

	if ((code == SQLITE_NOTADB || code == SQLITE_CORRUPT) && !unlink(path))
		code = open_at(path, schema, ret);
	if (code == SQLITE_OK)
		return 0;
	*ret_why = sqlite3_errstr(code);
	return -EIO;
}

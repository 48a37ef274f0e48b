/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ledger.h"
#include "state_db.h"

/* The version is in the table's name: an older or newer one is another table. */
#define SCHEMA                                                                                     \
	"CREATE TABLE IF NOT EXISTS files1(destination TEXT NOT NULL, name TEXT NOT NULL, "        \
	"inode INT NOT NULL, nuid TEXT NOT NULL, object TEXT NOT NULL, digest TEXT NOT NULL, "     \
	"subject TEXT NOT NULL, sent_s INT NOT NULL, audited_s INT NOT NULL, "                     \
	"PRIMARY KEY(destination, name)) WITHOUT ROWID;"                                           \
	"CREATE TABLE IF NOT EXISTS chunks1(destination TEXT NOT NULL, nuid TEXT NOT NULL, "       \
	"object TEXT NOT NULL, PRIMARY KEY(destination, nuid)) WITHOUT ROWID;"                     \
	"SELECT count(*) FROM files1"
#define COLUMNS "destination, name, inode, nuid, object, digest, subject, sent_s, audited_s"

struct ledger {
	sqlite3 *db;
	pthread_mutex_t lock; /* one call at a time */
};

struct ledger *ledger__open(const char *path, const char **ret_why)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	*ret_why = "out of memory";
	if (!ledger || state_db__open(path, SCHEMA, &ledger->db, ret_why)) {
		free(ledger);
		errno = EIO;
		return NULL;
	}
	(void)pthread_mutex_init(&ledger->lock, NULL);
	return ledger;
}

void ledger__free(struct ledger *ledger)
{
	if (!ledger)
		return;
	(void)sqlite3_close(ledger->db);
	(void)pthread_mutex_destroy(&ledger->lock);
	free(ledger);
}

/* Takes the lock; the caller ends it with finish(). NULL: -EIO. */
static sqlite3_stmt *begin(struct ledger *ledger, const char *sql, const char *first,
			   const char *second)
{
	sqlite3_stmt *statement = NULL;

	(void)pthread_mutex_lock(&ledger->lock);
	if (sqlite3_prepare_v2(ledger->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	(void)sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
	if (second)
		(void)sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
	return statement;
}

static void finish(struct ledger *ledger, sqlite3_stmt *statement)
{
	(void)sqlite3_finalize(statement);
	(void)pthread_mutex_unlock(&ledger->lock);
}

int ledger__put(struct ledger *ledger, const struct ledger_entry *entry)
{
	sqlite3_stmt *statement = begin(ledger,
					"INSERT OR REPLACE INTO files1(" COLUMNS
					") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
					entry->destination, entry->name);
	int code = SQLITE_ERROR;

	if (statement) {
		(void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)entry->inode);
		(void)sqlite3_bind_text(statement, 4, entry->nuid, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(statement, 5, entry->object, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(statement, 6, entry->digest, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(statement, 7, entry->subject, -1, SQLITE_STATIC);
		(void)sqlite3_bind_int64(statement, 8, (sqlite3_int64)entry->sent_s);
		(void)sqlite3_bind_int64(statement, 9, (sqlite3_int64)entry->audited_s);
		code = sqlite3_step(statement);
	}
	finish(ledger, statement);
	return code == SQLITE_DONE ? 0 : -EIO;
}

int ledger__forget(struct ledger *ledger, const char *name)
{
	sqlite3_stmt *statement = begin(ledger, "DELETE FROM files1 WHERE name = ?", name, NULL);
	const int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

	finish(ledger, statement);
	return code == SQLITE_DONE ? 0 : -EIO;
}

static void is_gone(sqlite3_context *context, int cnt, sqlite3_value **values)
{
	const int *spool_fd = sqlite3_user_data(context);
	const char *name = (const char *)sqlite3_value_text(values[0]);
	struct stat status;

	(void)cnt;
	sqlite3_result_int(context,
			   name && fstatat(*spool_fd, name, &status, AT_SYMLINK_NOFOLLOW) &&
				   errno == ENOENT);
}

int ledger__forget_gone(struct ledger *ledger, int spool_fd)
{
	int code;

	(void)pthread_mutex_lock(&ledger->lock);
	code = sqlite3_create_function(ledger->db, "is_gone", 1, SQLITE_UTF8, &spool_fd, is_gone,
				       NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(ledger->db, "DELETE FROM files1 WHERE is_gone(name)", NULL,
				    NULL, NULL);
	(void)sqlite3_create_function(ledger->db, "is_gone", 1, SQLITE_UTF8, NULL, NULL, NULL,
				      NULL);
	(void)pthread_mutex_unlock(&ledger->lock);
	return code == SQLITE_OK ? 0 : -EIO;
}

static const char *text_of(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

/* Rows until the end; *ret_cnt: how many. */
static int take_rows(sqlite3_stmt *statement,
		     void (*take)(void *ctx, const struct ledger_entry *entry), void *ctx,
		     size_t *ret_cnt)
{
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct ledger_entry entry = {
			.destination = text_of(statement, 0),
			.name = text_of(statement, 1),
			.inode = (uint64_t)sqlite3_column_int64(statement, 2),
			.nuid = text_of(statement, 3),
			.object = text_of(statement, 4),
			.digest = text_of(statement, 5),
			.subject = text_of(statement, 6),
			.sent_s = (uint64_t)sqlite3_column_int64(statement, 7),
			.audited_s = (uint64_t)sqlite3_column_int64(statement, 8),
		};

		take(ctx, &entry);
		++*ret_cnt;
	}
	return code == SQLITE_DONE ? 0 : -EIO;
}

int ledger__get(struct ledger *ledger, const char *destination, const char *name,
		void (*take)(void *ctx, const struct ledger_entry *entry), void *ctx)
{
	sqlite3_stmt *statement =
		begin(ledger, "SELECT " COLUMNS " FROM files1 WHERE destination = ? AND name = ?",
		      destination, name);
	size_t cnt = 0;
	const int err = statement ? take_rows(statement, take, ctx, &cnt) : -EIO;

	finish(ledger, statement);
	return err || cnt ? err : -ENOENT;
}

int ledger__each(struct ledger *ledger, const char *destination,
		 void (*take)(void *ctx, const struct ledger_entry *entry), void *ctx)
{
	sqlite3_stmt *statement = begin(
		ledger, "SELECT " COLUMNS " FROM files1 WHERE destination = ?", destination, NULL);
	size_t cnt = 0;
	const int err = statement ? take_rows(statement, take, ctx, &cnt) : -EIO;

	finish(ledger, statement);
	return err;
}

/* ---- chunks ---- */

int ledger__begin_chunks(struct ledger *ledger, const char *destination, const char *nuid,
			 const char *object)
{
	sqlite3_stmt *statement = begin(
		ledger, "INSERT OR REPLACE INTO chunks1(destination, nuid, object) VALUES(?, ?, ?)",
		destination, nuid);
	int code = SQLITE_ERROR;

	if (statement) {
		(void)sqlite3_bind_text(statement, 3, object, -1, SQLITE_STATIC);
		code = sqlite3_step(statement);
	}
	finish(ledger, statement);
	return code == SQLITE_DONE ? 0 : -EIO;
}

int ledger__end_chunks(struct ledger *ledger, const char *destination, const char *nuid)
{
	sqlite3_stmt *statement = begin(ledger,
					"DELETE FROM chunks1 WHERE destination = ? AND nuid = ?",
					destination, nuid);
	const int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

	finish(ledger, statement);
	return code == SQLITE_DONE ? 0 : -EIO;
}

int ledger__each_chunks(struct ledger *ledger, const char *destination,
			void (*take)(void *ctx, const struct ledger_chunks *chunks), void *ctx)
{
	sqlite3_stmt *statement = begin(ledger,
					"SELECT nuid, object FROM chunks1 WHERE destination = ?",
					destination, NULL);
	int code = SQLITE_ERROR;

	while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct ledger_chunks chunks = { text_of(statement, 0),
						      text_of(statement, 1) };

		take(ctx, &chunks);
	}
	finish(ledger, statement);
	return code == SQLITE_DONE ? 0 : -EIO;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a crash does is one statement of SQL: the row of its signature is made, or changed. So a program
 * that is killed has counted it, or has not.
 */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "signatures.h"
#include "state_db.h"

#define QUOTE_(text) #text
#define QUOTE(text)  QUOTE_(text)

/* news: enum crash_news. last_s: of the newest crash; before_s: the same before `news` was set. From host
 * on: of the crash that is the news. */
#define SCHEMA                                                                                     \
	"CREATE TABLE IF NOT EXISTS signatures1(key TEXT PRIMARY KEY, cnt INT NOT NULL, "          \
	"last_s INT NOT NULL, before_s INT NOT NULL, news INT NOT NULL, is_refused INT NOT NULL, " \
	"signature TEXT NOT NULL, host TEXT NOT NULL, service TEXT NOT NULL, "                     \
	"signal TEXT NOT NULL, frame TEXT NOT NULL, time TEXT NOT NULL, time_s INT NOT NULL, "     \
	"file TEXT NOT NULL, object TEXT NOT NULL) WITHOUT ROWID;"                                 \
	"CREATE INDEX IF NOT EXISTS signatures1_by_time ON signatures1(last_s);"                   \
	"CREATE TABLE IF NOT EXISTS seen1(file TEXT PRIMARY KEY, inode INT NOT NULL) "             \
	"WITHOUT ROWID;"                                                                           \
	"UPDATE signatures1 SET is_refused = 0 WHERE is_refused"

#define IS_BACK "(news = 0 AND excluded.last_s >= last_s + " QUOTE(SIGNATURES_WEEK_S) ")"
#define IF_BACK(column)                                                                            \
	column " = CASE WHEN " IS_BACK " THEN excluded." column " ELSE " column " END, "

/* In an UPDATE all expressions see the row as it was. */
#define SEE                                                                                        \
	"INSERT INTO signatures1 VALUES(?1, 1, ?2, 0, 1, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?2, ?9, ?10) " \
	"ON CONFLICT(key) DO UPDATE SET cnt = cnt + 1, "                                           \
	"before_s = CASE WHEN " IS_BACK                                                            \
	" THEN last_s ELSE before_s END, " IF_BACK("host") IF_BACK("service") IF_BACK("signal")    \
		IF_BACK("frame") IF_BACK("time") IF_BACK("time_s") IF_BACK("file") IF_BACK(        \
			"object") "news = CASE WHEN " IS_BACK                                      \
				  " THEN 2 ELSE news END, last_s = max(last_s, excluded.last_s)"

#define FORGET                                                                                     \
	"DELETE FROM signatures1 WHERE key IN (SELECT key FROM signatures1 ORDER BY last_s DESC "  \
	"LIMIT -1 OFFSET " QUOTE(SIGNATURES_MOST) ")"

#define NEXT                                                                                       \
	"SELECT news, cnt, before_s, time_s, signature, host, service, signal, frame, time, "      \
	"file, object FROM signatures1 WHERE news AND NOT is_refused ORDER BY time_s LIMIT 1"

struct signatures {
	sqlite3 *db;
	pthread_mutex_t lock; /* one call at a time */
};

struct signatures *signatures__open(const char *path, const char **ret_why)
{
	struct signatures *signatures = calloc(1, sizeof(*signatures));

	*ret_why = "out of memory";
	if (!signatures || state_db__open(path, SCHEMA, &signatures->db, ret_why)) {
		free(signatures);
		errno = EIO;
		return NULL;
	}
	(void)pthread_mutex_init(&signatures->lock, NULL);
	return signatures;
}

void signatures__free(struct signatures *signatures)
{
	if (!signatures)
		return;
	(void)sqlite3_close(signatures->db);
	(void)pthread_mutex_destroy(&signatures->lock);
	free(signatures);
}

/* ---- statements ---- */

/* With the lock. */
static sqlite3_stmt *prepare(struct signatures *signatures, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	(void)sqlite3_prepare_v2(signatures->db, sql, -1, &statement, NULL);
	return statement;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	(void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* Takes ownership of the statement, which may be NULL. */
static int run(sqlite3_stmt *statement)
{
	const int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;

	(void)sqlite3_finalize(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : -EIO;
}

static int execute(struct signatures *signatures, const char *sql)
{
	return sqlite3_exec(signatures->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* One statement with one text. */
static int change(struct signatures *signatures, const char *sql, const char *text)
{
	sqlite3_stmt *statement;
	int err;

	(void)pthread_mutex_lock(&signatures->lock);
	statement = prepare(signatures, sql);
	bind_text(statement, 1, text);
	err = run(statement);
	(void)pthread_mutex_unlock(&signatures->lock);
	return err;
}

/* ---- files ---- */

bool signatures__has_file(struct signatures *signatures, const char *file, uint64_t inode)
{
	sqlite3_stmt *statement;
	bool has;

	(void)pthread_mutex_lock(&signatures->lock);
	statement = prepare(signatures, "SELECT 1 FROM seen1 WHERE file = ? AND inode = ?");
	bind_text(statement, 1, file);
	(void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)inode);
	has = statement && sqlite3_step(statement) == SQLITE_ROW;
	(void)sqlite3_finalize(statement);
	(void)pthread_mutex_unlock(&signatures->lock);
	return has;
}

int signatures__forget_file(struct signatures *signatures, const char *file)
{
	return change(signatures, "DELETE FROM seen1 WHERE file = ?", file);
}

/* ---- crashes ---- */

static int count(struct signatures *signatures, const struct crash_report *report)
{
	sqlite3_stmt *statement = prepare(signatures, SEE);
	const char *const texts[] = { report->signature, report->host,  report->service,
				      report->signal,    report->frame, report->time,
				      report->file,      report->object };
	char key[CRASH_KEY_BYTES];

	crash_report__key(report, key);
	bind_text(statement, 1, key);
	(void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)report->time_s);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		bind_text(statement, 3 + (int)i, texts[i]);
	return run(statement);
}

static int note_file(struct signatures *signatures, const char *file, uint64_t inode)
{
	sqlite3_stmt *statement = prepare(signatures, "INSERT OR REPLACE INTO seen1 VALUES(?, ?)");

	bind_text(statement, 1, file);
	(void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)inode);
	return run(statement);
}

int signatures__see(struct signatures *signatures, const struct crash_report *report,
		    uint64_t inode)
{
	int err;

	(void)pthread_mutex_lock(&signatures->lock);
	err = execute(signatures, "BEGIN");
	if (!err)
		err = count(signatures, report);
	if (!err)
		err = note_file(signatures, report->file, inode);
	if (!err)
		err = execute(signatures, FORGET ";COMMIT");
	if (err)
		(void)execute(signatures, "ROLLBACK");
	(void)pthread_mutex_unlock(&signatures->lock);
	return err;
}

/* ---- news ---- */

static void copy_column(sqlite3_stmt *statement, int column, char *ret, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	const size_t len = text ? strlen(text) : 0;

	if (len < size)
		memcpy(ret, text ? text : "", len + 1);
}

static void take_row(sqlite3_stmt *statement, struct signature_news *ret)
{
	struct crash_report *report = &ret->report;

	*ret = (struct signature_news){
		.news = (enum crash_news)sqlite3_column_int(statement, 0),
		.cnt = (uint64_t)sqlite3_column_int64(statement, 1),
		.before_s = (uint64_t)sqlite3_column_int64(statement, 2),
	};
	report->time_s = (uint64_t)sqlite3_column_int64(statement, 3);
	copy_column(statement, 4, report->signature, sizeof(report->signature));
	copy_column(statement, 5, report->host, sizeof(report->host));
	copy_column(statement, 6, report->service, sizeof(report->service));
	copy_column(statement, 7, report->signal, sizeof(report->signal));
	copy_column(statement, 8, report->frame, sizeof(report->frame));
	copy_column(statement, 9, report->time, sizeof(report->time));
	copy_column(statement, 10, report->file, sizeof(report->file));
	copy_column(statement, 11, report->object, sizeof(report->object));
}

int signatures__next(struct signatures *signatures, struct signature_news *ret)
{
	sqlite3_stmt *statement;
	int code;

	(void)pthread_mutex_lock(&signatures->lock);
	statement = prepare(signatures, NEXT);
	code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
	if (code == SQLITE_ROW)
		take_row(statement, ret);
	(void)sqlite3_finalize(statement);
	(void)pthread_mutex_unlock(&signatures->lock);
	return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -ENOENT : -EIO;
}

static int mark(struct signatures *signatures, const char *sql, const struct crash_report *report)
{
	char key[CRASH_KEY_BYTES];

	crash_report__key(report, key);
	return change(signatures, sql, key);
}

int signatures__told(struct signatures *signatures, const struct crash_report *report)
{
	return mark(signatures, "UPDATE signatures1 SET news = 0 WHERE key = ?", report);
}

int signatures__refused(struct signatures *signatures, const struct crash_report *report)
{
	return mark(signatures, "UPDATE signatures1 SET is_refused = 1 WHERE key = ?", report);
}

size_t signatures__count_news(struct signatures *signatures)
{
	sqlite3_stmt *statement;
	size_t cnt = 0;

	(void)pthread_mutex_lock(&signatures->lock);
	statement = prepare(signatures, "SELECT count(*) FROM signatures1 WHERE news");
	if (statement && sqlite3_step(statement) == SQLITE_ROW)
		cnt = (size_t)sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	(void)pthread_mutex_unlock(&signatures->lock);
	return cnt;
}

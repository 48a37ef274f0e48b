/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include <ttlog/read.h>
#include "diagnostics.h"
#include "host_order.h"
#include "sql.h"
#include "sql_cache.h"
#include "sql_source.h"
#include "sql_tables.h"

#define MAX_STATEMENT_BYTES (1 << 20)

struct sql {
	sqlite3 *db;
	struct sql_source source;
	struct sql_cache cache;
	bool is_volatile; /* the statement prepared last may give another result each time */
	bool reads_times; /* that one does, of events or spans */
	struct host_order order;
	bool has_said_order;
};

/* ---- What a statement may do ---- */

static bool is_among(const char *name, const char *const *names, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (!sqlite3_stricmp(name, names[i]))
			return true;
	}
	return false;
}

/* PRAGMAs that change nothing. */
static bool is_telling(const char *pragma)
{
	static const char *const TELLING[] = { "collation_list", "compile_options", "function_list",
					       "index_info",     "index_list",      "index_xinfo",
					       "table_info",     "table_list",      "table_xinfo" };

	return is_among(pragma, TELLING, sizeof(TELLING) / sizeof(TELLING[0]));
}

/* Whether the function may give another result the next time. */
static bool is_volatile(const char *function)
{
	static const char *const VOLATILE[] = {
		"random",       "randomblob",        "changes",  "total_changes",
		"date",         "last_insert_rowid", "time",     "datetime",
		"julianday",    "current_timestamp", "strftime", "unixepoch",
		"current_time", "current_date",      "decoded",  "passed",
	};

	return is_among(function, VOLATILE, sizeof(VOLATILE) / sizeof(VOLATILE[0]));
}

/* Of a table of events or spans. */
static bool is_time(const char *column)
{
	static const char *const TIMES[] = { "ts", "ts_ns", "end_ts" };

	return is_among(column, TIMES, sizeof(TIMES) / sizeof(TIMES[0]));
}

/* The user's own tables and indices lie in memory, or in SQLite's unnamed temporary file. No
 * statement can name another file: VACUUM INTO attaches, too. */
static int authorize(void *context, int action, const char *first, const char *second,
		     const char *database, const char *trigger)
{
	struct sql *sql = context;

	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE:
		return SQLITE_DENY;
	case SQLITE_READ:
		sql->reads_times |= is_time(second);
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		sql->is_volatile |= is_volatile(second);
		return sqlite3_stricmp(second, "load_extension") ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA:
		return is_telling(first) ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_OK;
	}
}

static int confine(struct sql *sql)
{
	sqlite3 *db = sql->db;

	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_BYTES);
	(void)sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	return sqlite3_set_authorizer(db, authorize, sql);
}

/* ---- Opening ---- */

struct sql *sql__new(struct ttlog_snapshot *const *readers, size_t reader_cnt)
{
	struct sql *sql = calloc(1, sizeof(*sql));
	int code;

	if (!sql || sql_source__init(&sql->source, readers, reader_cnt) ||
	    host_order__init(&sql->order, readers, reader_cnt)) {
		free(sql);
		errno = -diagnostics__print_errno("sql", ENOMEM);
		return NULL;
	}
	code = sqlite3_open(":memory:", &sql->db);
	if (!code)
		code = sql_tables__register(sql->db, &sql->source, "");
	if (!code)
		code = confine(sql);
	if (!code)
		return sql;
	diagnostics__print("sql", sqlite3_errstr(code));
	sql__free(sql);
	errno = ENOMEM;
	return NULL;
}

void sql__free(struct sql *sql)
{
	if (!sql)
		return;
	(void)sqlite3_close(sql->db);
	sql_cache__clear(&sql->cache);
	sql_source__fini(&sql->source);
	host_order__fini(&sql->order);
	free(sql);
}

/* ---- Statements ---- */

/* Shows the place of the error, as filters do, if SQLite knows it. */
static void say_place(struct sql *sql, const char *statement)
{
	int at = sqlite3_error_offset(sql->db), begin, len, column = 0;
	struct out out;

	if (at < 0 || (size_t)at > strlen(statement) || out__init(&out, 2))
		return;
	for (begin = at; begin && statement[begin - 1] != '\n' && at - begin < 70;)
		begin--;
	len = (int)strcspn(statement + begin, "\n");
	out__text(&out, "  ");
	out__plain(&out, (struct ttlog_text){ statement + begin, (size_t)len });
	column = (int)out__width((struct ttlog_text){ statement + begin, (size_t)(at - begin) });
	out__text(&out, "\n  ");
	out__pad(&out, (size_t)column);
	out__text(&out, "^\n");
	(void)out__flush(&out);
	out__fini(&out);
}

/* The errno of a failure that is not the statement's; 0: the statement is wrong. */
static int errno_of(int code)
{
	switch (code) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return -EIO;
	default:
		return 0;
	}
}

/* A negative code is the output's, which its owner reports, or -ENOMEM. */
static int fail(struct sql *sql, int code, const char *statement)
{
	if (code < 0)
		return code == -ENOMEM ? diagnostics__print_errno("sql", ENOMEM) : code;
	if (code == SQLITE_INTERRUPT) {
		diagnostics__print("sql", "interrupted");
		return -EINTR;
	}
	if (errno_of(code)) {
		diagnostics__print("sql", sqlite3_errmsg(sql->db));
		return errno_of(code);
	}
	diagnostics__print("sql",
			   code == SQLITE_AUTH
				   ? "not authorized: statements read the snapshots, and write "
				     "tables of their own in memory"
				   : sqlite3_errmsg(sql->db));
	say_place(sql, statement);
	return -EINVAL;
}

/* Prints rows as they come, and keeps them if the statement would give the same again. */
static int print(struct sql *sql, sqlite3_stmt *statement, struct out *out, enum sql_format format)
{
	const char *text = sqlite3_sql(statement) + strspn(sqlite3_sql(statement), " \t\r\n");
	bool tells = sqlite3_stmt_readonly(statement) && sqlite3_column_count(statement);
	struct sql_cached *cached = NULL;
	int code;

	if (!tells)
		sql_cache__clear(&sql->cache);
	if (tells && !sql->is_volatile) {
		cached = sql_cache__find(&sql->cache, text, format);
		if (cached) {
			struct ttlog_text kept = out__written(&cached->text);

			out__bytes(out, kept.p, kept.len);
			return SQLITE_DONE;
		}
		cached = sql_cache__begin(&sql->cache);
	}
	(void)out__flush(out);
	out->copy = cached ? &cached->text : NULL;
	code = sql_print__rows(out, statement, format);
	(void)out__flush(out);
	out->copy = NULL;
	if (cached && code == SQLITE_DONE)
		sql_cache__keep(cached, text, format);
	return code;
}

/* Once; after the rows. */
static void say_order(struct sql *sql)
{
	if (sql->reads_times && !sql->has_said_order)
		host_order__say_times(&sql->order);
	sql->has_said_order |= sql->reads_times;
}

int sql__run(struct sql *sql, const char *statements, struct out *out, enum sql_format format)
{
	while (*statements && !out->err) {
		sqlite3_stmt *statement;
		const char *rest = statements;
		int code;

		sql->is_volatile = sql->reads_times = false;
		code = sqlite3_prepare_v2(sql->db, statements, -1, &statement, &rest);
		if (code)
			return fail(sql, code, statements);
		code = statement ? print(sql, statement, out, format) : SQLITE_DONE;
		if (code != SQLITE_DONE && code != SQLITE_ROW) {
			(void)out__flush(out);
			code = fail(sql, code, statements);
			(void)sqlite3_finalize(statement);
			return code;
		}
		(void)sqlite3_finalize(statement);
		say_order(sql);
		statements = rest;
	}
	return out->err;
}

bool sql__is_complete(const char *text)
{
	return sqlite3_complete(text);
}

/* SQLite lists only tables that were made. */
#define TABLES                                                                                     \
	"WITH tables(name) AS (VALUES ('events'), ('spans'), ('threads'), ('sites'), ('frames'), " \
	"('registers'), ('losses'), ('snapshots') UNION ALL SELECT name FROM main.sqlite_schema "  \
	"WHERE type IN ('table', 'view') UNION ALL SELECT name FROM temp.sqlite_schema "           \
	"WHERE type IN ('table', 'view')) "

const char *sql__tables_query(void)
{
	return TABLES "SELECT name FROM tables";
}

char *sql__schema_query(const char *table)
{
	static const char ALL[] = TABLES
		"SELECT tables.name AS \"table\", c.name AS \"column\", c.type FROM tables "
		"JOIN pragma_table_info(tables.name) c";

	return table ? sqlite3_mprintf("SELECT name AS \"column\", type FROM "
				       "pragma_table_info(%Q)",
				       table)
		     : sqlite3_mprintf("%s", ALL);
}

void sql__interrupt(struct sql *sql)
{
	sqlite3_interrupt(sql->db);
}

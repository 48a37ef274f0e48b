/* SPDX-License-Identifier: MIT */
/*
 * Look-ups by a field in table events: by a statement that is prepared once, and bound and stepped
 * for each key; and in a join. The index exists; making it is timed by itself.
 *
 * usage: look_up SNAPSHOT KEY OTHER [KEYS]
 *	    KEY and OTHER are fields. All values of KEY are looked up, or KEYS of them, in random
 *	    order. Prints JSON: nanoseconds of CPU time per look-up, of the fastest of ROUNDS.
 *
 * SQLite's own part is measured beside it: a statement without a table, and a virtual table that
 * has its answer at once; also within a transaction, because SQLite otherwise begins and ends one
 * for each statement. SQLite's own table, with the same keys in a B-tree, is the other way to do
 * this.
 */
#include <stdbool.h>

#include <ttlog/read.h>
#include "bench.h"
#include "sql_source.h"
#include "sql_tables.h"

#define ROUNDS 3

struct look_up {
	sqlite3 *db;
	sqlite3_int64 *keys; /* cnt of them */
	size_t cnt;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "look_up: %s: %s\n", what, why);
	exit(1);
}

static void run(sqlite3 *db, const char *statement)
{
	if (sqlite3_exec(db, statement, NULL, NULL, NULL))
		die(statement, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL))
		die(text, sqlite3_errmsg(db));
	return statement;
}

/* ---- A virtual table that has its answer at once: each key is its own answer ---- */

struct echo {
	sqlite3_vtab_cursor base;
	sqlite3_int64 key;
	bool is_over;
};

static int echo_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
			sqlite3_vtab **ret, char **ret_why)
{
	(void)context;
	(void)argc;
	(void)argv;
	(void)ret_why;
	*ret = calloc(1, sizeof(**ret));
	return *ret ? sqlite3_declare_vtab(db, "CREATE TABLE x(key INTEGER)") : SQLITE_NOMEM;
}

static int echo_disconnect(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

static int echo_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	for (int i = 0; i < info->nConstraint; i++) {
		if (!info->aConstraint[i].usable)
			continue;
		info->aConstraintUsage[i].argvIndex = 1;
		return SQLITE_OK;
	}
	return SQLITE_CONSTRAINT;
}

static int echo_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	static struct echo only; /* only one is open at a time, and it costs nothing to make */

	(void)table;
	*ret = &only.base;
	return SQLITE_OK;
}

static int echo_close(sqlite3_vtab_cursor *cursor)
{
	(void)cursor;
	return SQLITE_OK;
}

static int echo_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
		       sqlite3_value **argv)
{
	struct echo *echo = (struct echo *)base;

	(void)number;
	(void)text;
	(void)argc;
	echo->key = sqlite3_value_int64(argv[0]);
	echo->is_over = false;
	return SQLITE_OK;
}

static int echo_next(sqlite3_vtab_cursor *base)
{
	((struct echo *)base)->is_over = true;
	return SQLITE_OK;
}

static int echo_is_over(sqlite3_vtab_cursor *base)
{
	return ((struct echo *)base)->is_over;
}

static int echo_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	(void)number;
	sqlite3_result_int64(to, ((struct echo *)base)->key);
	return SQLITE_OK;
}

static int echo_number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((struct echo *)base)->key;
	return SQLITE_OK;
}

static const sqlite3_module ECHO_MODULE = {
	.xConnect = echo_connect,
	.xBestIndex = echo_best_index,
	.xDisconnect = echo_disconnect,
	.xOpen = echo_open,
	.xClose = echo_close,
	.xFilter = echo_filter,
	.xNext = echo_next,
	.xEof = echo_is_over,
	.xColumn = echo_column,
	.xRowid = echo_number,
};

/* ---- What is timed ---- */

/* For each key: binds it, steps to its row, reads that, and resets. */
static void run_prepared(const struct look_up *look_up, sqlite3_stmt *statement)
{
	size_t found = 0;

	for (size_t i = 0; i < look_up->cnt; i++) {
		(void)sqlite3_bind_int64(statement, 1, look_up->keys[i]);
		if (sqlite3_step(statement) == SQLITE_ROW)
			found += sqlite3_column_type(statement, 0) != SQLITE_NULL;
		(void)sqlite3_reset(statement);
	}
	if (found != look_up->cnt)
		die(sqlite3_sql(statement), "not every key was found");
}

static void run_join(const struct look_up *look_up, sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_ROW ||
	    sqlite3_column_int64(statement, 0) < (sqlite3_int64)look_up->cnt)
		die(sqlite3_sql(statement), "not every key was found");
	(void)sqlite3_reset(statement);
}

static const char *key, *other;
static bool is_first = true;

/* `format` gets the names of the key and of the other field as %1$s and %2$s. */
static void time_it(const struct look_up *look_up, const char *what, const char *format,
		    void (*way)(const struct look_up *, sqlite3_stmt *))
{
	char *text = NULL;
	uint64_t best_ns = UINT64_MAX;
	sqlite3_stmt *statement;

	if (asprintf(&text, format, key, other) < 0)
		die(what, "no memory");
	statement = prepare(look_up->db, text);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t begin_ns = bench__now_ns(CLOCK_PROCESS_CPUTIME_ID), took_ns;

		way(look_up, statement);
		took_ns = bench__now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns;
		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	printf("%s\"%s\": %.2f", is_first ? "{" : ", ", what,
	       (double)best_ns / (double)look_up->cnt);
	is_first = false;
	(void)sqlite3_finalize(statement);
	free(text);
}

/* ---- The keys ---- */

/* Chooses keys in random order, and puts all events by key into a table of SQLite's own. */
static void choose_keys(struct look_up *look_up, uint64_t events)
{
	sqlite3_stmt *statement;
	char *text = NULL;

	if (asprintf(&text,
		     "CREATE TABLE own(key INTEGER PRIMARY KEY, other);"
		     "INSERT OR IGNORE INTO own SELECT \"%1$s\", \"%2$s\" FROM events"
		     " WHERE \"%1$s\" IS NOT NULL;"
		     "CREATE TABLE keys AS SELECT key FROM own ORDER BY random() LIMIT %3$zu",
		     key, other, look_up->cnt) < 0)
		die("keys", "no memory");
	run(look_up->db, text);
	free(text);
	look_up->keys = calloc((size_t)events, sizeof(*look_up->keys));
	if (!look_up->keys)
		die("keys", "no memory");
	statement = prepare(look_up->db, "SELECT key FROM keys");
	look_up->cnt = 0;
	while (sqlite3_step(statement) == SQLITE_ROW)
		look_up->keys[look_up->cnt++] = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	if (!look_up->cnt)
		die(key, "no event has a number there");
}

/* The first statement that needs the index makes it. */
static void time_making(const struct look_up *look_up, uint64_t events)
{
	uint64_t begin_ns = bench__now_ns(CLOCK_PROCESS_CPUTIME_ID);
	char *text = NULL;

	if (asprintf(&text, "SELECT count(*) FROM events WHERE \"%s\" = 0", key) < 0)
		die("index", "no memory");
	run(look_up->db, text);
	free(text);
	printf(", \"making, an event\": %.2f",
	       (double)(bench__now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) / (double)events);
}

int main(int argc, char **argv)
{
	struct look_up look_up = { .cnt = bench__number(argc, argv, 4, UINT32_MAX) };
	char why[TTLOG_WHY_BYTES] = "usage: look_up SNAPSHOT KEY OTHER [KEYS]";
	struct ttlog_snapshot *snapshot = argc > 3 ? ttlog_snapshot_open(argv[1], why, sizeof(why))
						   : NULL;
	static struct sql_source source;
	sqlite3 *db;

	if (!snapshot || sql_source__init(&source, &snapshot, 1))
		die("snapshot", why);
	if (sqlite3_open(":memory:", &db) || sql_tables__register(db, &source, ""))
		die("sqlite", sqlite3_errmsg(db));
	key = argv[2];
	other = argv[3];
	look_up.db = db;
	if (sqlite3_create_module(db, "echo", &ECHO_MODULE, NULL))
		die("echo", sqlite3_errmsg(db));
	choose_keys(&look_up, source.store.event_cnt);
	time_it(&look_up, "prepared, no table", "SELECT ?", run_prepared);
	time_it(&look_up, "prepared, at once", "SELECT key FROM echo WHERE key = ?", run_prepared);
	time_it(&look_up, "join, at once",
		"SELECT count(e.key) FROM keys CROSS JOIN echo e ON e.key = keys.key", run_join);
	time_making(&look_up, source.store.event_cnt);
	time_it(&look_up, "prepared", "SELECT \"%1$s\" FROM events WHERE \"%1$s\" = ?",
		run_prepared);
	time_it(&look_up, "prepared, other", "SELECT \"%2$s\" FROM events WHERE \"%1$s\" = ?",
		run_prepared);
	run(db, "BEGIN");
	time_it(&look_up, "transaction, at once", "SELECT key FROM echo WHERE key = ?",
		run_prepared);
	time_it(&look_up, "transaction", "SELECT \"%1$s\" FROM events WHERE \"%1$s\" = ?",
		run_prepared);
	run(db, "COMMIT");
	time_it(&look_up, "join",
		"SELECT count(e.\"%1$s\") FROM keys CROSS JOIN events e ON e.\"%1$s\" = keys.key",
		run_join);
	time_it(&look_up, "join, other",
		"SELECT count(e.\"%2$s\") FROM keys CROSS JOIN events e ON e.\"%1$s\" = keys.key",
		run_join);
	time_it(&look_up, "prepared, own", "SELECT other FROM own WHERE key = ?", run_prepared);
	time_it(&look_up, "join, own",
		"SELECT count(o.other) FROM keys CROSS JOIN own o ON o.key = keys.key", run_join);
	printf(", \"look-ups\": %zu, \"events\": %zu}\n", look_up.cnt,
	       (size_t)source.store.event_cnt);
	free(look_up.keys);
	(void)sqlite3_close(db);
	sql_source__fini(&source);
	ttlog_snapshot_close(snapshot);
	return 0;
}

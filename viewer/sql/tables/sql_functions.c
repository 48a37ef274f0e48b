/* SPDX-License-Identifier: MIT */
/*
 * Functions and collations that SQL has beyond SQLite's own:
 *   ns('5ms')       nanoseconds        level('WARN')   its number
 *   ts(N)           N ns since 1970 as column ts has them; ts_ns('2026-11-21T06:00') the other way
 *   dec_sum(x)      the exact sum of decimals, as text; dec_cmp(a, b) their order: -1, 0 or 1
 *   x REGEXP 'p'    sql_regexp.h
 *   decoded()       how many chunks were decoded so far: what a WHERE has spared
 *   passed()        how many events scans went over so far, or were about to: likewise
 *   COLLATE dec     numbers as text in the order of numbers; COLLATE level: names of levels;
 *   COLLATE time    moments, however they are written
 */
#include <errno.h>

#include <ttlog/read.h>
#include "sql_decimal.h"
#include "sql_level.h"
#include "sql_regexp.h"
#include "sql_tables.h"
#include "sql_time.h"
#include "sql_value.h"
#include "time_expr.h"

static int collate_decimals(void *unused, int a_len, const void *a, int b_len, const void *b)
{
	(void)unused;
	return sql_decimal__collate((struct ttlog_text){ a, (size_t)a_len },
				    (struct ttlog_text){ b, (size_t)b_len });
}

static int collate_levels(void *unused, int a_len, const void *a, int b_len, const void *b)
{
	(void)unused;
	return sql_level__collate((struct ttlog_text){ a, (size_t)a_len },
				  (struct ttlog_text){ b, (size_t)b_len });
}

static int collate_times(void *context, int a_len, const void *a, int b_len, const void *b)
{
	const struct sql_source *source = context;

	return sql_time__collate((struct ttlog_text){ a, (size_t)a_len },
				 (struct ttlog_text){ b, (size_t)b_len }, source->last_ns);
}

/* ---- Functions of one value ---- */

static void ns_of(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	const char *text = (const char *)sqlite3_value_text(argv[0]);
	struct time_expr time = { .kind = TIME_EXPR_ABSOLUTE };
	char *before;

	(void)argc;
	if (!text)
		return;
	/* time_expr reads a duration as "so long before the last event". */
	before = sqlite3_mprintf("-%s", text);
	if (!before)
		sqlite3_result_error_nomem(to);
	else if (time_expr__parse(&time, before) || time.kind != TIME_EXPR_BEFORE_LAST)
		sqlite3_result_error(to, "ns(): give a number with a unit: ns us ms s m h d", -1);
	else
		sql_value__u64(to, time.ns);
	sqlite3_free(before);
}

static void level_of(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	struct ttlog_text text = sql_value__text_of(argv[0]);
	int level = text.p ? sql_level__parse(text) : 0;

	(void)argc;
	if (level < 0)
		sqlite3_result_error(to, "level(): TRACE, DEBUG, INFO, WARN, ERROR or FATAL", -1);
	else if (text.p)
		sqlite3_result_int(to, level);
}

static void time_of(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	struct sql_source *source = sqlite3_user_data(to);
	int64_t ns = sqlite3_value_int64(argv[0]);

	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_NULL && ns >= 0)
		sql_value__time(to, &source->scratch, (uint64_t)ns);
}

static void moment_of(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	const char *text = (const char *)sqlite3_value_text(argv[0]);
	struct time_expr time;

	(void)argc;
	if (!text)
		return;
	if (time_expr__parse(&time, text) || time.kind != TIME_EXPR_ABSOLUTE)
		sqlite3_result_error(to, "ts_ns(): give a time: 2026-11-21T06:00:00Z", -1);
	else
		sql_value__u64(to, time.ns);
}

/* decoded() and passed(). */
static void counter(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	const uint64_t *cnt = sqlite3_user_data(to);

	(void)argc;
	(void)argv;
	sqlite3_result_int64(to, (sqlite3_int64)*cnt);
}

/* ---- Decimals ---- */

static void compare(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	struct ttlog_text a = sql_value__text_of(argv[0]), b = sql_value__text_of(argv[1]);
	int order;

	(void)argc;
	if (!a.p || !b.p)
		return;
	order = sql_decimal__collate(a, b);
	sqlite3_result_int(to, (order > 0) - (order < 0));
}

/* sqlite3_aggregate_context() makes it all 0. */
struct decimal_sum {
	struct sql_decimal_sum sum;
	bool has_any;
};

static void sum_step(sqlite3_context *to, int argc, sqlite3_value **argv)
{
	struct decimal_sum *sum = sqlite3_aggregate_context(to, sizeof(*sum));
	struct ttlog_text text = sql_value__text_of(argv[0]);
	struct sql_decimal number;

	(void)argc;
	if (!sum) {
		sqlite3_result_error_nomem(to);
		return;
	}
	if (!text.p)
		return;
	sum->has_any = true;
	if (sql_decimal__parse(&number, text))
		sqlite3_result_error(to, "dec_sum(): a value is no number", -1);
	else if (sql_decimal_sum__add(&sum->sum, &number))
		sqlite3_result_error(to, "dec_sum(): a value has too many digits", -1);
}

static void sum_end(sqlite3_context *to)
{
	struct decimal_sum *sum = sqlite3_aggregate_context(to, 0);
	char text[SQL_DECIMAL_SUM_BYTES];
	int len;

	/* As with sum(), of no value it is NULL. */
	if (!sum || !sum->has_any)
		return;
	len = sql_decimal_sum__format(&sum->sum, text);
	if (len < 0)
		sqlite3_result_error(to, "dec_sum(): the sum has too many digits", -1);
	else
		sqlite3_result_text(to, text, len, SQLITE_TRANSIENT);
}

int sql_functions__register(sqlite3 *db, struct sql_source *source)
{
	const int varies = SQLITE_UTF8 | SQLITE_INNOCUOUS, flags = varies | SQLITE_DETERMINISTIC;
	const struct {
		const char *name;
		int argc, flags;
		void *context;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{ "ns", 1, flags, NULL, ns_of },
		{ "level", 1, flags, NULL, level_of },
		{ "ts", 1, flags, source, time_of },
		{ "ts_ns", 1, flags, NULL, moment_of },
		{ "dec_cmp", 2, flags, NULL, compare },
		{ "decoded", 0, varies, &source->store.decoded_cnt, counter },
		{ "passed", 0, varies, &source->store.passed_cnt, counter },
	};
	int err = sqlite3_create_collation(db, "dec", SQLITE_UTF8, NULL, collate_decimals);

	if (!err)
		err = sqlite3_create_collation(db, "level", SQLITE_UTF8, NULL, collate_levels);
	if (!err)
		err = sqlite3_create_collation(db, "time", SQLITE_UTF8, source, collate_times);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && !err; i++)
		err = sqlite3_create_function(db, functions[i].name, functions[i].argc,
					      functions[i].flags, functions[i].context,
					      functions[i].call, NULL, NULL);
	if (!err)
		err = sqlite3_create_function(db, "dec_sum", 1, flags, NULL, NULL, sum_step,
					      sum_end);
	return err ? err : sql_regexp__register(db);
}

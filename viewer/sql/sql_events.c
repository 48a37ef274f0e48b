/* SPDX-License-Identifier: MIT */
/*
 * Table events: a scan of the store. A field's column is decoded when its value is asked for, and
 * what WHERE keeps out by time, site or thread is not looked at.
 */
#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "sql_parts.h"
#include "sql_scan.h"
#include "sql_table.h"
#include "sql_value.h"
#include "sql_where.h"
#include <ttlog/read.h>

const char *const EVENTS_COLUMNS[EVENTS_COLUMN_CNT] = {
	"ts",    "ts_ns", "mono_ns",     "level",  "level_number", "target",
	"probe", "msg",   "pid",         "tid",    "comm",         "file",
	"line",  "func",  "duration_ns", "fields", "snapshot",
};

/* In the order of EVENTS_COLUMNS. */
static const struct sql_type TYPES[EVENTS_COLUMN_CNT] = {
	{ "TEXT", "time" }, { "INTEGER", "dec" }, { "INTEGER", "dec" }, { "TEXT", "level" },
	{ "INTEGER", "" },  { "TEXT", "" },       { "TEXT", "" },       { "TEXT", "" },
	{ "INTEGER", "" },  { "INTEGER", "" },    { "TEXT", "" },       { "TEXT", "" },
	{ "INTEGER", "" },  { "TEXT", "" },       { "INTEGER", "dec" }, { "JSON_TEXT", "" },
	{ "TEXT", "" },
};

struct events_cursor {
	struct sql_cursor base;
	struct sql_bounds bounds;
	struct sql_scan scan;
	bool is_look_up; /* it goes over the hits, not over the scan */
	struct sql_hits hits;
	bool has_event;
	struct ttlog_event event;
};

void sql_events__declare(const struct sql *sql, struct out *out, bool plain)
{
	sql_columns__declare(&sql->columns, EVENTS_COLUMNS, TYPES, EVENTS_COLUMN_CNT, out, plain);
}

/* ---- The table ---- */

static int connect_table(sqlite3 *db, void *context, int argc, const char *const *argv,
			 sqlite3_vtab **ret, char **ret_why)
{
	struct sql *sql = context;

	(void)argc;
	(void)argv;
	out__clear(&sql->scratch);
	sql_events__declare(sql, &sql->scratch, false);
	out__char(&sql->scratch, 0);
	if (sql->scratch.err)
		return SQLITE_NOMEM;
	return sql_table__connect(db, sql, NULL, out__written(&sql->scratch).p, ret, ret_why);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	return sql_where__choose(((struct sql_table *)table)->sql, info);
}

/* ---- A cursor ---- */

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	return sql_table__open(table, sizeof(struct events_cursor), ret);
}

static void end_scan(struct events_cursor *cursor)
{
	if (!cursor->scan.store)
		return;
	sql_scan__fini(&cursor->scan);
	sql_bounds__fini(&cursor->bounds);
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct events_cursor *cursor = (struct events_cursor *)base;

	end_scan(cursor);
	sql_hits__end(&cursor->hits);
	sql_table__leave(&cursor->base);
	return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *chosen, int argc,
		  sqlite3_value **argv)
{
	struct events_cursor *cursor = (struct events_cursor *)base;
	int err, found = 0;

	cursor->has_event = false;
	if (number < 0)
		found = sql_hits__begin(&cursor->hits, &cursor->base.sql->indices,
					sql_where__index_of(number), argv[0]);
	cursor->is_look_up = found > 0;
	if (found)
		return found > 0 ? SQLITE_OK : SQLITE_NOMEM;
	end_scan(cursor);
	err = sql_where__bounds(&cursor->bounds, cursor->base.sql, chosen, number < 0 ? 0 : argc,
				argv);
	if (!err && sql_scan__init(&cursor->scan, &cursor->base.sql->store, &cursor->bounds,
				   number == SQL_WHERE_BACKWARD)) {
		sql_bounds__fini(&cursor->bounds);
		err = SQLITE_NOMEM;
	}
	return err;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct events_cursor *cursor = (struct events_cursor *)base;

	if (cursor->is_look_up)
		sql_hits__next(&cursor->hits);
	else
		sql_scan__next(&cursor->scan);
	cursor->has_event = false;
	return SQLITE_OK;
}

static int is_over(sqlite3_vtab_cursor *base)
{
	const struct events_cursor *cursor = (struct events_cursor *)base;

	return cursor->is_look_up ? sql_hits__is_over(&cursor->hits)
				  : sql_scan__is_over(&cursor->scan);
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	struct events_cursor *cursor = (struct events_cursor *)base;

	*ret = cursor->is_look_up ? sql_hits__number(&cursor->hits)
				  : sql_scan__number(&cursor->scan);
	return SQLITE_OK;
}

/* ---- Values ---- */

static void field_column(sqlite3_context *to, const struct events_cursor *cursor, size_t column)
{
	const struct sql_columns *columns = &cursor->base.sql->columns;
	const struct ttlog_event *event = &cursor->event;
	int idx = sql_columns__field(columns, sql_scan__file(&cursor->scan), event->site_number,
				     column);
	struct ttlog_field field;

	if (idx < 0)
		return;
	ttlog_event_field(event, (unsigned)idx, &field);
	sql_value__field(to, &field, columns->list[column].is_decimal);
}

static void duration(sqlite3_context *to, const struct ttlog_event *event)
{
	struct ttlog_field field;

	if (event->site->kind != TTLOG_EVENT_SPAN_END)
		return;
	ttlog_event_field(event, 0, &field);
	sql_value__field(to, &field, false);
}

static void fields(sqlite3_context *to, struct out *scratch, const struct ttlog_event *event)
{
	out__clear(scratch);
	json__fields(scratch, event);
	sql_value__written(to, scratch);
}

static void site_column(sqlite3_context *to, const struct ttlog_site *site, int column)
{
	switch (column) {
	case EVENTS_LEVEL:
		sql_value__text(to, ttlog_text_of(ttlog_level_name(site->level)), SQL_VALUE_STAYS);
		return;
	case EVENTS_LEVEL_NUMBER:
		sqlite3_result_int(to, site->level);
		return;
	case EVENTS_TARGET:
		sql_value__text(to, site->target, SQL_VALUE_STAYS);
		return;
	case EVENTS_PROBE:
		sql_value__text(to, site->probe, SQL_VALUE_STAYS);
		return;
	case EVENTS_MSG:
		sql_value__text(to, site->msg, SQL_VALUE_STAYS);
		return;
	case EVENTS_FILE:
		sql_value__text(to, site->file, SQL_VALUE_STAYS);
		return;
	case EVENTS_LINE:
		sql_value__u64(to, site->line);
		return;
	default:
		sql_value__text(to, site->func, SQL_VALUE_STAYS);
	}
}

static void fixed_column(sqlite3_context *to, struct sql *sql, const struct ttlog_event *event,
			 int column)
{
	switch (column) {
	case EVENTS_TS:
		sql_value__time(to, &sql->scratch, event->real_ns);
		return;
	case EVENTS_TS_NS:
		sql_value__u64(to, event->real_ns);
		return;
	case EVENTS_MONO_NS:
		sql_value__u64(to, event->mono_ns);
		return;
	case EVENTS_PID:
		sql_value__u64(to, event->thread->pid);
		return;
	case EVENTS_TID:
		sql_value__u64(to, event->thread->tid);
		return;
	case EVENTS_COMM:
		sql_value__text(to, event->thread->comm, SQL_VALUE_STAYS);
		return;
	case EVENTS_DURATION_NS:
		duration(to, event);
		return;
	case EVENTS_FIELDS:
		fields(to, &sql->scratch, event);
		return;
	case EVENTS_SNAPSHOT:
		sql_value__text(to, ttlog_text_of(ttlog_snapshot_name(event->snapshot)),
				SQL_VALUE_STAYS);
		return;
	default:
		site_column(to, event->site, column);
	}
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	struct events_cursor *cursor = (struct events_cursor *)base;

	if (cursor->is_look_up && number >= EVENTS_COLUMN_CNT) {
		sql_hits__column(&cursor->hits, (size_t)number - EVENTS_COLUMN_CNT, to);
		return SQLITE_OK;
	}
	if (!cursor->has_event && !cursor->is_look_up)
		sql_scan__event(&cursor->scan, &cursor->event);
	else if (!cursor->has_event && !sql_hits__event(&cursor->hits, &cursor->event))
		return SQLITE_OK; /* NULL: that it cannot be read is a problem of the file */
	cursor->has_event = true;
	if (number < EVENTS_COLUMN_CNT)
		fixed_column(to, cursor->base.sql, &cursor->event, number);
	else
		field_column(to, cursor, (size_t)number - EVENTS_COLUMN_CNT);
	return SQLITE_OK;
}

int sql_events__register(struct sql *sql, const char *name)
{
	/* No xCreate: the table is there without being made. */
	static const sqlite3_module MODULE = {
		.xConnect = connect_table,
		.xBestIndex = best_index,
		.xDisconnect = sql_table__disconnect,
		.xOpen = open_cursor,
		.xClose = close_cursor,
		.xFilter = filter,
		.xNext = next,
		.xEof = is_over,
		.xColumn = column,
		.xRowid = row_number,
	};

	return sqlite3_create_module(sql->db, name, &MODULE, sql);
}

/* SPDX-License-Identifier: MIT */
/*
 * Table events: a scan of the store, or a look-up. A field's column is decoded when its value is
 * asked for. What WHERE leaves out by time, site or thread is not read.
 */
#include "json.h"
#include "sql_row.h"
#include "sql_scan.h"
#include "sql_tables.h"
#include "sql_value.h"
#include "sql_where.h"
#include <ttlog/read.h>

struct events_cursor {
	struct sql_cursor base;
	struct sql_bounds bounds;
	struct sql_scan scan;
	bool is_look_up; /* of `hits`, not of `scan` */
	struct sql_hits hits;
	bool has_event;
	struct ttlog_event event;
};

static void declare(const struct sql_table_kind *kind, const struct sql_source *source,
		    struct out *out, bool plain)
{
	(void)kind;
	sql_columns__declare(&source->columns, out, plain);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	return sql_where__choose(((struct sql_table *)table)->source, info);
}

/* ---- A cursor ---- */

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
	return sql_table__close(base);
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *chosen, int argc,
		  sqlite3_value **argv)
{
	struct events_cursor *cursor = (struct events_cursor *)base;
	int err, found = 0;

	cursor->has_event = false;
	if (number < 0)
		found = sql_hits__begin(&cursor->hits, &cursor->base.source->indices,
					sql_where__index_of(number), argv[0]);
	cursor->is_look_up = found > 0;
	if (found)
		return found > 0 ? SQLITE_OK : SQLITE_NOMEM;
	end_scan(cursor);
	err = sql_where__bounds(&cursor->bounds, cursor->base.source, chosen, number < 0 ? 0 : argc,
				argv);
	if (!err && sql_scan__init(&cursor->scan, &cursor->base.source->store, &cursor->bounds,
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
	const struct sql_columns *columns = &cursor->base.source->columns;
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

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	struct events_cursor *cursor = (struct events_cursor *)base;

	if (cursor->is_look_up && number >= FIXED_EVENTS_CNT) {
		sql_hits__column(&cursor->hits, (size_t)number - FIXED_EVENTS_CNT, to);
		return SQLITE_OK;
	}
	if (!cursor->has_event && !cursor->is_look_up)
		sql_scan__event(&cursor->scan, &cursor->event);
	else if (!cursor->has_event && !sql_hits__event(&cursor->hits, &cursor->event))
		return SQLITE_OK; /* NULL: the file is damaged, which is reported elsewhere */
	cursor->has_event = true;
	if (number >= FIXED_EVENTS_CNT)
		field_column(to, cursor, (size_t)number - FIXED_EVENTS_CNT);
	else if (number == FIXED_DURATION_NS)
		duration(to, &cursor->event);
	else if (number == FIXED_FIELDS)
		fields(to, &cursor->base.source->scratch, &cursor->event);
	else
		sql_row__event(to, cursor->base.source, &cursor->event, (enum sql_fixed)number);
	return SQLITE_OK;
}

static const sqlite3_module MODULE = SQL_TABLE_MODULE(close_cursor);

const struct sql_table_kind SQL_EVENTS = {
	.name = "events",
	.module = &MODULE,
	.cursor_bytes = sizeof(struct events_cursor),
	.declare = declare,
};

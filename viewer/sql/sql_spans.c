/* SPDX-License-Identifier: MIT */
/*
 * Table spans: begins and ends of spans put together. A row comes when its end does, and those that
 * have none last; it has the begin's fields.
 */
#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "spans.h"
#include "sql_parts.h"
#include "sql_scan.h"
#include "sql_table.h"
#include "sql_value.h"
#include <ttlog/read.h>

enum spans_column {
	SPANS_TS,
	SPANS_TS_NS,
	SPANS_MONO_NS,
	SPANS_END_TS,
	SPANS_END_MONO_NS,
	SPANS_DURATION_NS,
	SPANS_STATE,
	SPANS_DEPTH,
	SPANS_LEVEL,
	SPANS_LEVEL_NUMBER,
	SPANS_TARGET,
	SPANS_PROBE,
	SPANS_MSG,
	SPANS_PID,
	SPANS_TID,
	SPANS_COMM,
	SPANS_FILE,
	SPANS_LINE,
	SPANS_FUNC,
	SPANS_FIELDS,
	SPANS_SNAPSHOT,
	SPANS_COLUMN_CNT,
};

/* In the order of enum spans_column. */
static const char *const NAMES[SPANS_COLUMN_CNT] = {
	"ts",    "ts_ns", "mono_ns",      "end_ts", "end_mono_ns", "duration_ns", "state",
	"depth", "level", "level_number", "target", "probe",       "msg",         "pid",
	"tid",   "comm",  "file",         "line",   "func",        "fields",      "snapshot",
};

static const struct sql_type TYPES[SPANS_COLUMN_CNT] = {
	{ "TEXT", "time" },   { "INTEGER", "dec" }, { "INTEGER", "dec" }, { "TEXT", "time" },
	{ "INTEGER", "dec" }, { "INTEGER", "dec" }, { "TEXT", "" },       { "INTEGER", "" },
	{ "TEXT", "level" },  { "INTEGER", "" },    { "TEXT", "" },       { "TEXT", "" },
	{ "TEXT", "" },       { "INTEGER", "" },    { "INTEGER", "" },    { "TEXT", "" },
	{ "TEXT", "" },       { "INTEGER", "" },    { "TEXT", "" },       { "JSON_TEXT", "" },
	{ "TEXT", "" },
};

/* What became of the span of a row. */
enum spans_state {
	STATE_ENDED,
	STATE_BEGIN_UNSEEN, /* it began before the file does */
	STATE_END_UNSEEN,   /* one around it ended */
	STATE_OPEN,         /* at the end of the file */
	STATE_OVER,         /* there is no row any more */
};

static const char *const STATES[] = { "ended", "begin unseen", "end unseen", "open" };

struct spans_cursor {
	struct sql_cursor base;
	struct sql_bounds bounds;
	struct sql_scan scan;
	bool has_spans;
	struct spans spans;

	enum spans_state state;
	struct lane *lane;      /* of the row */
	struct span *span;      /* the row's, its lane's innermost; NULL: begin unseen */
	uint32_t until;         /* after an end: the spans from here on have rows to come */
	size_t lane_number;     /* at the end: the lane that rows come from */
	struct ttlog_event end; /* STATE_ENDED, STATE_BEGIN_UNSEEN */
	struct ttlog_field duration;
	sqlite3_int64 number;
};

/* ---- The rows ---- */

static bool is_over(const struct spans_cursor *cursor)
{
	return cursor->state == STATE_OVER;
}

/* The lane's innermost is the row. */
static void take_innermost(struct spans_cursor *cursor, enum spans_state state)
{
	cursor->span = &cursor->lane->open[cursor->lane->cnt - 1];
	cursor->state = state;
}

/* Of an end: its span, and before it those inside it that never ended. */
static void take_from_end(struct spans_cursor *cursor)
{
	take_innermost(cursor,
		       cursor->lane->cnt - 1 == cursor->until ? STATE_ENDED : STATE_END_UNSEEN);
}

/* Whether the event makes a row. */
static bool take_event(struct spans_cursor *cursor, const struct ttlog_event *event)
{
	struct span *begun = NULL;

	cursor->lane = spans__lane(&cursor->spans, event);
	if (event->site->kind == TTLOG_EVENT_SPAN)
		begun = spans__begin(&cursor->spans, cursor->lane, event);
	if (begun)
		begun->id = sql_scan__file(&cursor->scan);
	if (event->site->kind != TTLOG_EVENT_SPAN_END)
		return false;
	cursor->end = *event;
	ttlog_event_field(event, 0, &cursor->duration);
	cursor->until =
		spans__match(cursor->lane, event,
			     cursor->duration.type == TTLOG_TYPE_NONE ? 0 : cursor->duration.u);
	if (cursor->until == cursor->lane->cnt) {
		cursor->span = NULL;
		cursor->state = STATE_BEGIN_UNSEEN;
	} else {
		take_from_end(cursor);
	}
	return true;
}

static void take_open(struct spans_cursor *cursor)
{
	for (; cursor->lane_number < cursor->spans.lane_cnt; cursor->lane_number++) {
		cursor->lane = &cursor->spans.lanes[cursor->lane_number];
		if (cursor->lane->cnt) {
			take_innermost(cursor, STATE_OPEN);
			return;
		}
	}
	cursor->state = STATE_OVER;
}

/* From the scan's event on. */
static void find_row(struct spans_cursor *cursor)
{
	struct ttlog_event event;

	for (; !sql_scan__is_over(&cursor->scan); sql_scan__next(&cursor->scan)) {
		sql_scan__event(&cursor->scan, &event);
		if (event.site->kind != TTLOG_EVENT_PLAIN && take_event(cursor, &event))
			return;
	}
	take_open(cursor);
}

static int next(sqlite3_vtab_cursor *base)
{
	struct spans_cursor *cursor = (struct spans_cursor *)base;
	enum spans_state state = cursor->state;

	cursor->number++;
	if (cursor->span)
		spans__pop(&cursor->spans, cursor->lane);
	if (state == STATE_END_UNSEEN) {
		take_from_end(cursor);
		return SQLITE_OK;
	}
	if (state != STATE_OPEN)
		sql_scan__next(&cursor->scan);
	find_row(cursor);
	return SQLITE_OK;
}

/* ---- The table ---- */

int sql_spans__init_columns(struct sql *sql)
{
	return sql_columns__init(&sql->span_columns, &sql->store, 1u << TTLOG_EVENT_SPAN, NAMES,
				 SPANS_COLUMN_CNT);
}

void sql_spans__declare(const struct sql *sql, struct out *out, bool plain)
{
	sql_columns__declare(&sql->span_columns, NAMES, TYPES, SPANS_COLUMN_CNT, out, plain);
}

static int connect_table(sqlite3 *db, void *context, int argc, const char *const *argv,
			 sqlite3_vtab **ret, char **ret_why)
{
	struct sql *sql = context;

	(void)argc;
	(void)argv;
	out__clear(&sql->scratch);
	sql_spans__declare(sql, &sql->scratch, false);
	out__char(&sql->scratch, 0);
	if (sql->scratch.err)
		return SQLITE_NOMEM;
	return sql_table__connect(db, sql, NULL, out__written(&sql->scratch).p, ret, ret_why);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	double rows = (double)((struct sql_table *)table)->sql->store.event_cnt;

	info->estimatedCost = rows + 1;
	info->estimatedRows = (sqlite3_int64)rows / 2 + 1;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	return sql_table__open(table, sizeof(struct spans_cursor), ret);
}

static void end_scan(struct spans_cursor *cursor)
{
	if (cursor->has_spans)
		spans__fini(&cursor->spans);
	cursor->has_spans = false;
	sql_scan__fini(&cursor->scan);
	sql_bounds__fini(&cursor->bounds);
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct spans_cursor *cursor = (struct spans_cursor *)base;

	end_scan(cursor);
	free(cursor);
	return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *chosen, int argc,
		  sqlite3_value **argv)
{
	struct spans_cursor *cursor = (struct spans_cursor *)base;
	struct sql *sql = cursor->base.sql;

	(void)number;
	(void)chosen;
	(void)argc;
	(void)argv;
	end_scan(cursor);
	cursor->number = 1;
	cursor->lane_number = 0;
	cursor->span = NULL;
	if (sql_bounds__init(&cursor->bounds, &sql->store) ||
	    sql_bounds__keep_spans(&cursor->bounds, &sql->store) ||
	    spans__init(&cursor->spans, sql->readers, sql->reader_cnt))
		return SQLITE_NOMEM;
	cursor->has_spans = true;
	if (sql_scan__init(&cursor->scan, &sql->store, &cursor->bounds, false))
		return SQLITE_NOMEM;
	find_row(cursor);
	return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base)
{
	return is_over((struct spans_cursor *)base);
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((struct spans_cursor *)base)->number;
	return SQLITE_OK;
}

/* ---- Values ---- */

static bool has_duration(const struct spans_cursor *cursor)
{
	return (cursor->state == STATE_ENDED || cursor->state == STATE_BEGIN_UNSEEN) &&
	       cursor->duration.type != TTLOG_TYPE_NONE;
}

/* Of the begin; one that was not seen is as long before the end as the end says. */
static void begin_time(sqlite3_context *to, const struct spans_cursor *cursor, int column)
{
	uint64_t before_ns = 0;
	const struct ttlog_event *event = cursor->span ? &cursor->span->begin : &cursor->end;

	if (!cursor->span) {
		if (!has_duration(cursor))
			return;
		before_ns = cursor->duration.u;
	}
	if (column == SPANS_TS)
		sql_value__time(to, &cursor->base.sql->scratch, event->real_ns - before_ns);
	else
		sql_value__u64(to, (column == SPANS_TS_NS ? event->real_ns : event->mono_ns) -
					   before_ns);
}

static void span_fields(sqlite3_context *to, struct out *scratch, const struct span *span)
{
	out__clear(scratch);
	for (unsigned i = 0; span && span->fields && i < span->begin.site->nfields; i++) {
		out__char(scratch, i ? ',' : '{');
		out__json_text(scratch, span->begin.site->keys[i], false);
		out__char(scratch, ':');
		json__field(scratch, &span->fields[i]);
	}
	out__text(scratch, span && span->fields ? "}" : "{}");
	sql_value__written(to, scratch);
}

/* The span's id is the number of its file. */
static void field_column(sqlite3_context *to, const struct spans_cursor *cursor, size_t column)
{
	const struct sql_columns *columns = &cursor->base.sql->span_columns;
	const struct span *span = cursor->span;
	int idx = span && span->fields
			  ? sql_columns__field(columns, span->id, span->begin.site_number, column)
			  : -1;

	if (idx >= 0)
		sql_value__field(to, &span->fields[idx], columns->list[column].is_decimal);
}

static void site_column(sqlite3_context *to, const struct ttlog_event *event, int column)
{
	const struct ttlog_site *site = event->site;
	const struct ttlog_text *const TEXTS[] = {
		[SPANS_TARGET] = &site->target, [SPANS_PROBE] = &site->probe,
		[SPANS_MSG] = &site->msg,       [SPANS_COMM] = &event->thread->comm,
		[SPANS_FILE] = &site->file,     [SPANS_FUNC] = &site->func,
	};

	switch (column) {
	case SPANS_LEVEL:
		sql_value__text(to, ttlog_text_of(ttlog_level_name(site->level)), SQL_VALUE_STAYS);
		return;
	case SPANS_LEVEL_NUMBER:
		sqlite3_result_int(to, site->level);
		return;
	case SPANS_LINE:
		sql_value__u64(to, site->line);
		return;
	case SPANS_PID:
		sql_value__u64(to, event->thread->pid);
		return;
	case SPANS_TID:
		sql_value__u64(to, event->thread->tid);
		return;
	default:
		sql_value__text(to, *TEXTS[column], SQL_VALUE_STAYS);
	}
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	struct spans_cursor *cursor = (struct spans_cursor *)base;
	const struct ttlog_event *event = cursor->span ? &cursor->span->begin : &cursor->end;

	if (number >= SPANS_COLUMN_CNT) {
		field_column(to, cursor, (size_t)number - SPANS_COLUMN_CNT);
		return SQLITE_OK;
	}
	switch (number) {
	case SPANS_TS:
	case SPANS_TS_NS:
	case SPANS_MONO_NS:
		begin_time(to, cursor, number);
		break;
	case SPANS_END_TS:
		if (has_duration(cursor))
			sql_value__time(to, &cursor->base.sql->scratch, cursor->end.real_ns);
		break;
	case SPANS_END_MONO_NS:
		if (has_duration(cursor))
			sql_value__u64(to, cursor->end.mono_ns);
		break;
	case SPANS_DURATION_NS:
		if (has_duration(cursor))
			sql_value__field(to, &cursor->duration, false);
		break;
	case SPANS_STATE:
		sql_value__text(to, ttlog_text_of(STATES[cursor->state]), SQL_VALUE_STAYS);
		break;
	case SPANS_DEPTH:
		sqlite3_result_int64(to, cursor->lane->cnt - (cursor->span ? 1 : 0));
		break;
	case SPANS_FIELDS:
		span_fields(to, &cursor->base.sql->scratch, cursor->span);
		break;
	case SPANS_SNAPSHOT:
		sql_value__text(to, ttlog_text_of(ttlog_snapshot_name(event->snapshot)),
				SQL_VALUE_STAYS);
		break;
	default:
		site_column(to, event, number);
	}
	return SQLITE_OK;
}

int sql_spans__register(struct sql *sql, const char *name)
{
	static const sqlite3_module MODULE = {
		.xConnect = connect_table,
		.xBestIndex = best_index,
		.xDisconnect = sql_table__disconnect,
		.xOpen = open_cursor,
		.xClose = close_cursor,
		.xFilter = filter,
		.xNext = next,
		.xEof = at_end,
		.xColumn = column,
		.xRowid = row_number,
	};

	return sqlite3_create_module(sql->db, name, &MODULE, sql);
}

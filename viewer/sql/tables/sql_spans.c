/* SPDX-License-Identifier: MIT */
/*
 * Table spans: joins starts and ends. A row has the fields of the start. It comes when the
 * end does; spans without an end come last.
 */
#include "json.h"
#include "spans.h"
#include "sql_row.h"
#include "sql_scan.h"
#include "sql_tables.h"
#include "sql_value.h"
#include <ttlog/read.h>

/* The state of a row's span. */
enum spans_state {
	STATE_ENDED,
	STATE_BEGIN_UNSEEN, /* its start is older than the file */
	STATE_END_UNSEEN,   /* a span around it ended */
	STATE_OPEN,         /* at the end of the file */
	STATE_OVER,         /* there are no more rows */
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
	struct span *span;      /* the row's span, the innermost of its lane; NULL: begin unseen */
	uint32_t until;         /* after an end: spans from here on still become rows */
	size_t lane_number;     /* at the end of the scan: the lane of the row */
	struct ttlog_event end; /* STATE_ENDED, STATE_BEGIN_UNSEEN */
	struct ttlog_field duration;
	sqlite3_int64 number;
};

/* ---- The rows ---- */

/* Makes the lane's innermost span the row. */
static void take_innermost(struct spans_cursor *cursor, enum spans_state state)
{
	cursor->span = &cursor->lane->open[cursor->lane->cnt - 1];
	cursor->state = state;
}

/* Makes a row after an end: first of spans inside its span that never ended, then of its span. */
static void take_from_end(struct spans_cursor *cursor)
{
	take_innermost(cursor,
		       cursor->lane->cnt - 1 == cursor->until ? STATE_ENDED : STATE_END_UNSEEN);
}

/* Returns whether the event makes a row. */
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

/* Finds the next row, from the scan's event on. */
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

static void declare(const struct sql_table_kind *kind, const struct sql_source *source,
		    struct out *out, bool plain)
{
	(void)kind;
	sql_columns__declare(&source->span_columns, out, plain);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	double rows = (double)((struct sql_table *)table)->source->store.event_cnt;

	info->estimatedCost = rows + 1;
	info->estimatedRows = (sqlite3_int64)rows / 2 + 1;
	return SQLITE_OK;
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
	return sql_table__close(base);
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *chosen, int argc,
		  sqlite3_value **argv)
{
	struct spans_cursor *cursor = (struct spans_cursor *)base;
	struct sql_source *source = cursor->base.source;

	(void)number;
	(void)chosen;
	(void)argc;
	(void)argv;
	end_scan(cursor);
	cursor->number = 1;
	cursor->lane_number = 0;
	cursor->span = NULL;
	if (sql_bounds__init(&cursor->bounds, &source->store) ||
	    sql_bounds__keep_spans(&cursor->bounds, &source->store) ||
	    spans__init(&cursor->spans, source->readers, source->reader_cnt))
		return SQLITE_NOMEM;
	cursor->has_spans = true;
	if (sql_scan__init(&cursor->scan, &source->store, &cursor->bounds, false))
		return SQLITE_NOMEM;
	find_row(cursor);
	return SQLITE_OK;
}

static int is_over(sqlite3_vtab_cursor *base)
{
	return ((struct spans_cursor *)base)->state == STATE_OVER;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((struct spans_cursor *)base)->number;
	return SQLITE_OK;
}

/* ---- Values ---- */

/* Whether the row's end was seen: it may have fields, too. */
static bool has_end(const struct spans_cursor *cursor)
{
	return cursor->state == STATE_ENDED || cursor->state == STATE_BEGIN_UNSEEN;
}

static bool has_duration(const struct spans_cursor *cursor)
{
	return has_end(cursor) && cursor->duration.type != TTLOG_TYPE_NONE;
}

/* A begin that is missing is as long before the end as the end's duration. */
static void begin_time(sqlite3_context *to, const struct spans_cursor *cursor,
		       enum sql_fixed column)
{
	struct ttlog_event begin = cursor->span ? cursor->span->begin : cursor->end;

	if (!cursor->span && !has_duration(cursor))
		return;
	if (!cursor->span) {
		begin.real_ns -= cursor->duration.u;
		begin.mono_ns -= cursor->duration.u;
	}
	sql_row__event(to, cursor->base.source, &begin, column);
}

static void span_fields(sqlite3_context *to, struct out *scratch, const struct spans_cursor *cursor)
{
	const struct ttlog_site *end = cursor->end.site;
	const struct span *span = cursor->span;
	unsigned cnt = 0;

	out__clear(scratch);
	for (unsigned i = 0; span && span->fields && i < span->begin.site->nfields; i++)
		json__member(scratch, cnt++, span->begin.site->keys[i], &span->fields[i]);
	for (unsigned i = 1; has_end(cursor) && i < end->nfields; i++) {
		struct ttlog_field field;

		ttlog_event_field(&cursor->end, i, &field);
		json__member(scratch, cnt++, end->keys[i], &field);
	}
	out__text(scratch, cnt ? "}" : "{}");
	sql_value__written(to, scratch);
}

/* Of the span's end, which is the scan's event. */
static void end_column(sqlite3_context *to, const struct spans_cursor *cursor, size_t column)
{
	const struct sql_columns *columns = &cursor->base.source->span_columns;
	struct ttlog_field field;
	int idx = has_end(cursor) ? sql_columns__field(columns, sql_scan__file(&cursor->scan),
						       cursor->end.site_number, column)
				  : -1;

	if (idx < 0)
		return;
	ttlog_event_field(&cursor->end, (unsigned)idx, &field);
	sql_value__field(to, &field, columns->list[column].is_decimal);
}

/* The span's id is the number of its file. */
static void field_column(sqlite3_context *to, const struct spans_cursor *cursor, size_t column)
{
	const struct sql_columns *columns = &cursor->base.source->span_columns;
	const struct span *span = cursor->span;
	int idx = span && span->fields
			  ? sql_columns__field(columns, span->id, span->begin.site_number, column)
			  : -1;

	if (idx >= 0)
		sql_value__field(to, &span->fields[idx], columns->list[column].is_decimal);
	else
		end_column(to, cursor, column);
}

/* Its start's, which may be in a chunk that is gone. */
static void id_column(sqlite3_context *to, const struct spans_cursor *cursor, enum sql_fixed column)
{
	const struct span *span = cursor->span;

	if (span)
		sql_row__id(to, ttlog_text_of(column == FIXED_TRACE_ID ? span->trace_id
								       : span->span_id));
	else
		sql_row__event(to, cursor->base.source, &cursor->end, column);
}

static void fixed_column(sqlite3_context *to, const struct spans_cursor *cursor,
			 enum sql_fixed column)
{
	struct sql_source *source = cursor->base.source;

	switch (column) {
	case FIXED_TS:
	case FIXED_TS_NS:
	case FIXED_MONO_NS:
		begin_time(to, cursor, column);
		return;
	case FIXED_END_TS:
	case FIXED_END_MONO_NS:
		if (has_duration(cursor))
			sql_row__event(to, source, &cursor->end,
				       column == FIXED_END_TS ? FIXED_TS : FIXED_MONO_NS);
		return;
	case FIXED_DURATION_NS:
		if (has_duration(cursor))
			sql_value__field(to, &cursor->duration, false);
		return;
	case FIXED_STATE:
		sql_value__text(to, ttlog_text_of(STATES[cursor->state]), SQL_VALUE_STAYS);
		return;
	case FIXED_DEPTH:
		sqlite3_result_int64(to, cursor->lane->cnt - (cursor->span ? 1 : 0));
		return;
	case FIXED_TRACE_ID:
	case FIXED_SPAN_ID:
		id_column(to, cursor, column);
		return;
	case FIXED_FIELDS:
		span_fields(to, &source->scratch, cursor);
		return;
	default:
		sql_row__event(to, source, cursor->span ? &cursor->span->begin : &cursor->end,
			       column);
	}
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	const struct spans_cursor *cursor = (struct spans_cursor *)base;

	if (number < FIXED_SPANS_CNT)
		fixed_column(to, cursor, (enum sql_fixed)SQL_SPANS_COLUMNS.fixed[number]);
	else
		field_column(to, cursor, (size_t)number - FIXED_SPANS_CNT);
	return SQLITE_OK;
}

static const sqlite3_module MODULE = SQL_TABLE_MODULE(close_cursor);

const struct sql_table_kind SQL_SPANS = {
	.name = "spans",
	.module = &MODULE,
	.cursor_bytes = sizeof(struct spans_cursor),
	.declare = declare,
};

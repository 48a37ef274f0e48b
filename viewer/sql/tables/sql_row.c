/* SPDX-License-Identifier: MIT */
#include "sql_row.h"
#include "sql_value.h"

void sql_row__snapshot(sqlite3_context *to, const struct ttlog_snapshot *reader)
{
	sql_value__text(to, ttlog_text_of(ttlog_snapshot_name(reader)), SQL_VALUE_STAYS);
}

void sql_row__site(sqlite3_context *to, const struct ttlog_site *site, enum sql_fixed column)
{
	switch (column) {
	case FIXED_LEVEL_NUMBER:
		sqlite3_result_int(to, site->level);
		return;
	case FIXED_LINE:
		sql_value__u64(to, site->line);
		return;
	default:
		sql_value__text(to, sql_columns__site_text(site, column), SQL_VALUE_STAYS);
	}
}

void sql_row__id(sqlite3_context *to, struct ttlog_text id)
{
	if (id.len)
		sqlite3_result_text(to, id.p, (int)id.len, SQLITE_TRANSIENT);
}

void sql_row__suppressed(sqlite3_context *to, uint64_t cnt)
{
	if (cnt)
		sql_value__u64(to, cnt);
}

void sql_row__event(sqlite3_context *to, struct sql_source *source, const struct ttlog_event *event,
		    enum sql_fixed column)
{
	char id[TTLOG_ID_BYTES];

	switch (column) {
	case FIXED_TS:
		sql_value__time(to, &source->scratch, event->real_ns);
		return;
	case FIXED_TS_NS:
		sql_value__u64(to, event->real_ns);
		return;
	case FIXED_MONO_NS:
		sql_value__u64(to, event->mono_ns);
		return;
	case FIXED_PID:
		sql_value__u64(to, event->thread->pid);
		return;
	case FIXED_TID:
		sql_value__u64(to, event->thread->tid);
		return;
	case FIXED_COMM:
		sql_value__text(to, event->thread->comm, SQL_VALUE_STAYS);
		return;
	case FIXED_TRACE_ID:
		sql_row__id(to, ttlog_event_trace_id(event, id));
		return;
	case FIXED_SPAN_ID:
		sql_row__id(to, ttlog_event_span_id(event, id));
		return;
	case FIXED_SUPPRESSED:
		sql_row__suppressed(to, ttlog_event_suppressed(event));
		return;
	case FIXED_SNAPSHOT:
		sql_row__snapshot(to, event->snapshot);
		return;
	default:
		sql_row__site(to, event->site, column);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * The tables of what a header lists: a row for each thread, site, frame and so on. They are small
 * and have no index.
 */
#include "sql_row.h"
#include "sql_tables.h"
#include "sql_value.h"
#include <ttlog/read.h>

/* Column 0 is the snapshot's name in all tables. The enums follow the order of `columns`, below. */
struct listing {
	struct sql_table_kind kind;
	const char *columns;
	size_t (*count)(const struct ttlog_snapshot *reader);
	void (*column)(sqlite3_context *to, struct sql_source *source,
		       const struct ttlog_snapshot *reader, size_t row, int column);
};

/* ---- threads ---- */

enum threads_column {
	THREADS_SNAPSHOT,
	THREADS_PID,
	THREADS_TID,
	THREADS_COMM,
	THREADS_NS_PID,
	THREADS_NS_TID,
};

static size_t thread_count(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader)->thread_cnt;
}

static void thread_column(sqlite3_context *to, struct sql_source *source,
			  const struct ttlog_snapshot *reader, size_t row, int column)
{
	const struct ttlog_thread *thread = ttlog_snapshot_info(reader)->threads[row];

	(void)source;
	switch (column) {
	case THREADS_PID:
		sql_value__u64(to, thread->pid);
		return;
	case THREADS_TID:
		sql_value__u64(to, thread->tid);
		return;
	case THREADS_COMM:
		sql_value__text(to, thread->comm, SQL_VALUE_STAYS);
		return;
	case THREADS_NS_PID:
		sql_value__u64(to, thread->ns_pid ? thread->ns_pid : thread->pid);
		return;
	default:
		sql_value__u64(to, thread->ns_tid ? thread->ns_tid : thread->tid);
	}
}

/* ---- sites ---- */

enum sites_column {
	SITES_SNAPSHOT,
	SITES_NUMBER,
	SITES_KIND,
	SITES_LEVEL,
	SITES_LEVEL_NUMBER,
	SITES_TARGET,
	SITES_PROBE,
	SITES_MSG,
	SITES_FILE,
	SITES_FUNC,
	SITES_LINE,
	SITES_FIELDS,
};

static size_t site_count(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader)->site_cnt;
}

/* {"price":"decimal","symbol":"str"} */
static void site_fields(sqlite3_context *to, struct out *scratch, const struct ttlog_site *site)
{
	out__clear(scratch);
	for (unsigned i = 0; i < site->nfields; i++) {
		out__char(scratch, i ? ',' : '{');
		out__json_text(scratch, site->keys[i], false);
		out__char(scratch, ':');
		out__json_text(scratch, ttlog_text_of(ttlog_type_name(site->types[i])), false);
	}
	out__text(scratch, site->nfields ? "}" : "{}");
	sql_value__written(to, scratch);
}

static void site_column(sqlite3_context *to, struct sql_source *source,
			const struct ttlog_snapshot *reader, size_t row, int column)
{
	static const char *const KINDS[] = { "event", "span", "span_end" };
	static const enum sql_fixed FIXED[] = {
		[SITES_LEVEL] = FIXED_LEVEL,   [SITES_LEVEL_NUMBER] = FIXED_LEVEL_NUMBER,
		[SITES_TARGET] = FIXED_TARGET, [SITES_PROBE] = FIXED_PROBE,
		[SITES_MSG] = FIXED_MSG,       [SITES_FILE] = FIXED_FILE,
		[SITES_FUNC] = FIXED_FUNC,     [SITES_LINE] = FIXED_LINE,
	};
	const struct ttlog_site *site = ttlog_snapshot_info(reader)->sites[row];

	switch (column) {
	case SITES_NUMBER:
		sqlite3_result_int64(to, (sqlite3_int64)row);
		return;
	case SITES_KIND:
		sql_value__text(to, ttlog_text_of(KINDS[site->kind]), SQL_VALUE_STAYS);
		return;
	case SITES_FIELDS:
		site_fields(to, &source->scratch, site);
		return;
	default:
		sql_row__site(to, site, FIXED[column]);
	}
}

/* ---- frames ---- */

enum frames_column {
	FRAMES_SNAPSHOT,
	FRAMES_NUMBER,
	FRAMES_IP,
	FRAMES_SYMBOL,
	FRAMES_FILE,
	FRAMES_LINE,
	FRAMES_IS_INLINED,
	FRAMES_MODULE,
	FRAMES_OFFSET,
	FRAMES_BUILD_ID,
};

static size_t frame_count(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader)->crash->frame_cnt;
}

static void frame_column(sqlite3_context *to, struct sql_source *source,
			 const struct ttlog_snapshot *reader, size_t row, int column)
{
	const struct ttlog_frame *frame = ttlog_snapshot_info(reader)->crash->frames[row];

	(void)source;
	switch (column) {
	case FRAMES_NUMBER:
		sqlite3_result_int64(to, (sqlite3_int64)row);
		return;
	case FRAMES_IP:
		sql_value__text_or_null(to, frame->ip);
		return;
	case FRAMES_SYMBOL:
		sql_value__text_or_null(to, frame->symbol);
		return;
	case FRAMES_FILE:
		sql_value__text_or_null(to, frame->file);
		return;
	case FRAMES_LINE:
		if (frame->has_line)
			sql_value__u64(to, frame->line);
		return;
	case FRAMES_IS_INLINED:
		sqlite3_result_int(to, frame->is_inlined);
		return;
	case FRAMES_MODULE:
		sql_value__text_or_null(to, frame->module);
		return;
	case FRAMES_OFFSET:
		sql_value__text_or_null(to, frame->offset);
		return;
	default:
		sql_value__text_or_null(to, frame->build_id);
	}
}

/* ---- registers ---- */

static size_t register_count(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader)->crash->register_cnt;
}

static void register_column(sqlite3_context *to, struct sql_source *source,
			    const struct ttlog_snapshot *reader, size_t row, int column)
{
	const struct ttlog_register *one = &ttlog_snapshot_info(reader)->crash->registers[row];

	(void)source;
	sql_value__text_or_null(to, column == 1 ? one->name : one->value);
}

/* ---- losses ---- */

static size_t loss_count(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_contents(reader)->lost->cause_cnt;
}

static void loss_column(sqlite3_context *to, struct sql_source *source,
			const struct ttlog_snapshot *reader, size_t row, int column)
{
	const struct ttlog_cause *cause = &ttlog_snapshot_contents(reader)->lost->causes[row];

	(void)source;
	if (column == 1)
		sql_value__text(to, cause->name, SQL_VALUE_PASSING);
	else
		sql_value__u64(to, cause->cnt);
}

/* ---- snapshots ---- */

enum snapshots_column {
	SNAPSHOTS_SNAPSHOT,
	SNAPSHOTS_SERVICE,
	SNAPSHOTS_HOST,
	SNAPSHOTS_KERNEL,
	SNAPSHOTS_COMM,
	SNAPSHOTS_EXE,
	SNAPSHOTS_BUILD_ID,
	SNAPSHOTS_REASON,
	SNAPSHOTS_CREATED_AT,
	SNAPSHOTS_EXIT_SIGNAL,
	SNAPSHOTS_CRASH_SIGNAL,
	SNAPSHOTS_CRASH_ADDRESS,
	SNAPSHOTS_CRASH_THREAD, /* up to here: text of the header */
	SNAPSHOTS_CRASH_TID,
	SNAPSHOTS_EXIT_CODE,
	SNAPSHOTS_PID,
	SNAPSHOTS_FIRST_TS,
	SNAPSHOTS_LAST_TS,
	SNAPSHOTS_EVENTS,
	SNAPSHOTS_EMITTED,
	SNAPSHOTS_RECORDED,
	SNAPSHOTS_OVERWRITTEN,
	SNAPSHOTS_LOST,
	SNAPSHOTS_PROBLEMS,
};

static size_t snapshot_count(const struct ttlog_snapshot *reader)
{
	(void)reader;
	return 1;
}

static void snapshot_text(sqlite3_context *to, const struct ttlog_snapshot *reader, int column)
{
	const struct ttlog_info *header = ttlog_snapshot_info(reader);
	const struct ttlog_text TEXTS[] = {
		[SNAPSHOTS_SERVICE] = header->service,
		[SNAPSHOTS_HOST] = header->host,
		[SNAPSHOTS_KERNEL] = header->kernel,
		[SNAPSHOTS_COMM] = header->comm,
		[SNAPSHOTS_EXE] = header->exe,
		[SNAPSHOTS_BUILD_ID] = header->build_id,
		[SNAPSHOTS_REASON] = header->reason,
		[SNAPSHOTS_CREATED_AT] = header->created_at,
		[SNAPSHOTS_EXIT_SIGNAL] = header->exit->signal,
		[SNAPSHOTS_CRASH_SIGNAL] = header->crash->signal,
		[SNAPSHOTS_CRASH_ADDRESS] = header->crash->address,
		[SNAPSHOTS_CRASH_THREAD] = header->crash->thread,
	};

	sql_value__text_or_null(to, TEXTS[column]);
}

static void count_or_null(sqlite3_context *to, bool is_there, uint64_t cnt)
{
	if (is_there)
		sql_value__u64(to, cnt);
}

static void snapshot_time(sqlite3_context *to, struct out *scratch,
			  const struct ttlog_snapshot *reader, bool last)
{
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);

	if (!contents->chunk_cnt)
		return;
	sql_value__time(to, scratch,
			ttlog_info_real_ns(ttlog_snapshot_info(reader),
					   last ? contents->chunks[contents->chunk_cnt - 1].last_ns
						: contents->chunks[0].first_ns));
}

static void snapshot_column(sqlite3_context *to, struct sql_source *source,
			    const struct ttlog_snapshot *reader, size_t row, int column)
{
	const struct ttlog_info *header = ttlog_snapshot_info(reader);
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);

	(void)row;
	switch (column) {
	case SNAPSHOTS_CRASH_TID:
		count_or_null(to, header->crash->has_tid, header->crash->tid);
		return;
	case SNAPSHOTS_EXIT_CODE:
		if (header->exit->has_code)
			sqlite3_result_int64(to, header->exit->code);
		return;
	case SNAPSHOTS_PID:
		count_or_null(to, header->has_pid, header->pid);
		return;
	case SNAPSHOTS_FIRST_TS:
	case SNAPSHOTS_LAST_TS:
		snapshot_time(to, &source->scratch, reader, column == SNAPSHOTS_LAST_TS);
		return;
	case SNAPSHOTS_EVENTS:
		sql_value__u64(to, contents->event_cnt);
		return;
	case SNAPSHOTS_EMITTED:
		count_or_null(to, contents->has_totals, contents->emitted);
		return;
	case SNAPSHOTS_RECORDED:
		count_or_null(to, contents->has_totals, contents->recorded);
		return;
	case SNAPSHOTS_OVERWRITTEN:
		count_or_null(to, contents->has_totals, contents->overwritten);
		return;
	case SNAPSHOTS_LOST:
		if (contents->lost->is_there)
			sql_value__u64(to, contents->lost->total);
		return;
	case SNAPSHOTS_PROBLEMS:
		sql_value__u64(to, contents->problem_cnt + contents->problem_more);
		return;
	default:
		snapshot_text(to, reader, column);
	}
}

/* ---- A table ---- */

struct listing_cursor {
	struct sql_cursor base;
	size_t file, row;
	sqlite3_int64 number;
};

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static const struct listing *listing_of(const struct listing_cursor *cursor)
{
	return (const struct listing *)sql_cursor__kind(&cursor->base);
}

static const struct ttlog_snapshot *reader_of(const struct listing_cursor *cursor)
{
	return cursor->base.source->store.files[cursor->file].reader;
}

static int is_over(sqlite3_vtab_cursor *base)
{
	const struct listing_cursor *cursor = (struct listing_cursor *)base;

	return cursor->file == cursor->base.source->store.file_cnt;
}

/* Goes to the next file that has a row, if this one has no more. */
static void settle(struct listing_cursor *cursor)
{
	while (!is_over(&cursor->base.base) &&
	       cursor->row >= listing_of(cursor)->count(reader_of(cursor))) {
		cursor->file++;
		cursor->row = 0;
	}
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *chosen, int argc,
		  sqlite3_value **argv)
{
	struct listing_cursor *cursor = (struct listing_cursor *)base;

	(void)number;
	(void)chosen;
	(void)argc;
	(void)argv;
	cursor->file = cursor->row = 0;
	cursor->number = 1;
	settle(cursor);
	return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct listing_cursor *cursor = (struct listing_cursor *)base;

	cursor->row++;
	cursor->number++;
	settle(cursor);
	return SQLITE_OK;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	const struct listing_cursor *cursor = (struct listing_cursor *)base;
	const struct ttlog_snapshot *reader = reader_of(cursor);

	if (!number)
		sql_row__snapshot(to, reader);
	else
		listing_of(cursor)->column(to, cursor->base.source, reader, cursor->row, number);
	return SQLITE_OK;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((struct listing_cursor *)base)->number;
	return SQLITE_OK;
}

static void declare(const struct sql_table_kind *kind, const struct sql_source *source,
		    struct out *out, bool plain)
{
	(void)source;
	(void)plain;
	out__text(out, ((const struct listing *)kind)->columns);
}

static const sqlite3_module MODULE = SQL_TABLE_MODULE(sql_table__close);

/* ---- The tables ---- */

#define KIND(name)                                                                                 \
	{                                                                                          \
		name, &MODULE, sizeof(struct listing_cursor), declare                              \
	}

static const struct listing LISTINGS[] = {
	{ KIND("threads"),
	  "snapshot TEXT, pid INTEGER, tid INTEGER, comm TEXT, ns_pid INTEGER, ns_tid INTEGER",
	  thread_count, thread_column },
	{ KIND("sites"),
	  "snapshot TEXT, number INTEGER, kind TEXT, level TEXT COLLATE level, level_number INTEGER, "
	  "target TEXT, probe TEXT, msg TEXT, file TEXT, func TEXT, line INTEGER, fields JSON_TEXT",
	  site_count, site_column },
	{ KIND("frames"),
	  "snapshot TEXT, number INTEGER, ip TEXT, symbol TEXT, file TEXT, line INTEGER, "
	  "is_inlined BOOLEAN, module TEXT, \"offset\" TEXT, build_id TEXT",
	  frame_count, frame_column },
	{ KIND("registers"), "snapshot TEXT, name TEXT, value TEXT", register_count,
	  register_column },
	{ KIND("losses"), "snapshot TEXT, cause TEXT, count INTEGER", loss_count, loss_column },
	{ KIND("snapshots"),
	  "snapshot TEXT, service TEXT, host TEXT, kernel TEXT, comm TEXT, exe TEXT, build_id TEXT, "
	  "reason TEXT, created_at TEXT COLLATE time, exit_signal TEXT, crash_signal TEXT, crash_address TEXT, "
	  "crash_thread TEXT, crash_tid INTEGER, exit_code INTEGER, pid INTEGER, "
	  "first_ts TEXT COLLATE time, last_ts TEXT COLLATE time, events INTEGER, emitted INTEGER, recorded INTEGER, overwritten INTEGER, "
	  "lost INTEGER, problems INTEGER",
	  snapshot_count, snapshot_column },
};

const struct sql_table_kind *sql_listing__kind(size_t number)
{
	return number < sizeof(LISTINGS) / sizeof(LISTINGS[0]) ? &LISTINGS[number].kind : NULL;
}

int sql_tables__register(sqlite3 *db, struct sql_source *source, const char *prefix)
{
	int err = sql_functions__register(db, source);

	if (!err)
		err = sql_table__register(db, &SQL_EVENTS, source, prefix);
	if (!err)
		err = sql_table__register(db, &SQL_SPANS, source, prefix);
	for (size_t i = 0; !err && sql_listing__kind(i); i++)
		err = sql_table__register(db, sql_listing__kind(i), source, prefix);
	return err;
}

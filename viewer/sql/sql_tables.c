/* SPDX-License-Identifier: MIT */
/*
 * The tables of what snapshots say of themselves: a row for each thing that a header lists. They
 * are small, and always gone through from begin to end.
 */
#include <stdlib.h>

#include <ttlog/read.h>
#include "sql_parts.h"
#include "sql_table.h"
#include "sql_value.h"

/* Column 0 is the snapshot's name in all of them. The enums of columns follow `columns`, below. */
struct listing {
	const char *name, *columns;
	size_t (*count)(const struct ttlog_snapshot *reader);
	void (*column)(sqlite3_context *to, struct sql *sql, const struct ttlog_snapshot *reader,
		       size_t row, int column);
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

static void thread_column(sqlite3_context *to, struct sql *sql, const struct ttlog_snapshot *reader,
			  size_t row, int column)
{
	const struct ttlog_thread *thread = ttlog_snapshot_info(reader)->threads[row];

	(void)sql;
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

static void site_text(sqlite3_context *to, const struct ttlog_site *site, int column)
{
	const struct ttlog_text *const TEXTS[] = {
		[SITES_TARGET] = &site->target, [SITES_PROBE] = &site->probe,
		[SITES_MSG] = &site->msg,       [SITES_FILE] = &site->file,
		[SITES_FUNC] = &site->func,
	};

	sql_value__text(to, *TEXTS[column], SQL_VALUE_STAYS);
}

static void site_column(sqlite3_context *to, struct sql *sql, const struct ttlog_snapshot *reader,
			size_t row, int column)
{
	static const char *const KINDS[] = { "event", "span", "span_end" };
	const struct ttlog_site *site = ttlog_snapshot_info(reader)->sites[row];

	switch (column) {
	case SITES_NUMBER:
		sqlite3_result_int64(to, (sqlite3_int64)row);
		return;
	case SITES_KIND:
		sql_value__text(to, ttlog_text_of(KINDS[site->kind]), SQL_VALUE_STAYS);
		return;
	case SITES_LEVEL:
		sql_value__text(to, ttlog_text_of(ttlog_level_name(site->level)), SQL_VALUE_STAYS);
		return;
	case SITES_LEVEL_NUMBER:
		sqlite3_result_int(to, site->level);
		return;
	case SITES_LINE:
		sql_value__u64(to, site->line);
		return;
	case SITES_FIELDS:
		site_fields(to, &sql->scratch, site);
		return;
	default:
		site_text(to, site, column);
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

static void frame_column(sqlite3_context *to, struct sql *sql, const struct ttlog_snapshot *reader,
			 size_t row, int column)
{
	const struct ttlog_frame *frame = ttlog_snapshot_info(reader)->crash->frames[row];

	(void)sql;
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

static void register_column(sqlite3_context *to, struct sql *sql,
			    const struct ttlog_snapshot *reader, size_t row, int column)
{
	const struct ttlog_register *one = &ttlog_snapshot_info(reader)->crash->registers[row];

	(void)sql;
	sql_value__text_or_null(to, column == 1 ? one->name : one->value);
}

/* ---- losses ---- */

static size_t loss_count(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_contents(reader)->lost->cause_cnt;
}

static void loss_column(sqlite3_context *to, struct sql *sql, const struct ttlog_snapshot *reader,
			size_t row, int column)
{
	const struct ttlog_cause *cause = &ttlog_snapshot_contents(reader)->lost->causes[row];

	(void)sql;
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
	SNAPSHOTS_CRASH_THREAD, /* up to here text of the header */
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

static void snapshot_column(sqlite3_context *to, struct sql *sql,
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
		snapshot_time(to, &sql->scratch, reader, column == SNAPSHOTS_LAST_TS);
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

/* ---- The tables ---- */

static const struct listing LISTINGS[] = {
	{ "threads",
	  "snapshot TEXT, pid INTEGER, tid INTEGER, comm TEXT, ns_pid INTEGER, ns_tid INTEGER",
	  thread_count, thread_column },
	{ "sites",
	  "snapshot TEXT, number INTEGER, kind TEXT, level TEXT COLLATE level, level_number INTEGER, "
	  "target TEXT, probe TEXT, msg TEXT, file TEXT, func TEXT, line INTEGER, fields JSON_TEXT",
	  site_count, site_column },
	{ "frames",
	  "snapshot TEXT, number INTEGER, ip TEXT, symbol TEXT, file TEXT, line INTEGER, "
	  "is_inlined BOOLEAN, module TEXT, \"offset\" TEXT, build_id TEXT",
	  frame_count, frame_column },
	{ "registers", "snapshot TEXT, name TEXT, value TEXT", register_count, register_column },
	{ "losses", "snapshot TEXT, cause TEXT, count INTEGER", loss_count, loss_column },
	{ "snapshots",
	  "snapshot TEXT, service TEXT, host TEXT, kernel TEXT, comm TEXT, exe TEXT, build_id TEXT, "
	  "reason TEXT, created_at TEXT COLLATE time, exit_signal TEXT, crash_signal TEXT, crash_address TEXT, "
	  "crash_thread TEXT, crash_tid INTEGER, exit_code INTEGER, pid INTEGER, "
	  "first_ts TEXT COLLATE time, last_ts TEXT COLLATE time, events INTEGER, emitted INTEGER, recorded INTEGER, overwritten INTEGER, "
	  "lost INTEGER, problems INTEGER",
	  snapshot_count, snapshot_column },
};

#define LISTING_CNT (sizeof(LISTINGS) / sizeof(LISTINGS[0]))

struct listing_context {
	struct sql *sql;
	const struct listing *listing;
};

struct listing_cursor {
	struct sql_cursor base;
	size_t file, row;
	sqlite3_int64 number;
};

static int connect_table(sqlite3 *db, void *context, int argc, const char *const *argv,
			 sqlite3_vtab **ret, char **ret_why)
{
	const struct listing_context *of = context;

	(void)argc;
	(void)argv;
	return sql_table__connect(db, of->sql, of->listing, of->listing->columns, ret, ret_why);
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret)
{
	return sql_table__open(table, sizeof(struct listing_cursor), ret);
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static const struct listing *listing_of(const struct listing_cursor *cursor)
{
	return sql_cursor__kind(&cursor->base);
}

static const struct ttlog_snapshot *reader_of(const struct listing_cursor *cursor)
{
	return cursor->base.sql->store.files[cursor->file].reader;
}

static bool is_over(const struct listing_cursor *cursor)
{
	return cursor->file == cursor->base.sql->store.file_cnt;
}

/* To the next file that has a row, where this one has none left. */
static void settle(struct listing_cursor *cursor)
{
	while (!is_over(cursor) && cursor->row >= listing_of(cursor)->count(reader_of(cursor))) {
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

static int at_end(sqlite3_vtab_cursor *base)
{
	return is_over((struct listing_cursor *)base);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *to, int number)
{
	struct listing_cursor *cursor = (struct listing_cursor *)base;
	const struct ttlog_snapshot *reader = reader_of(cursor);

	if (!number)
		sql_value__text(to, ttlog_text_of(ttlog_snapshot_name(reader)), SQL_VALUE_STAYS);
	else
		listing_of(cursor)->column(to, cursor->base.sql, reader, cursor->row, number);
	return SQLITE_OK;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = ((struct listing_cursor *)base)->number;
	return SQLITE_OK;
}

int sql_tables__register(struct sql *sql, const char *prefix)
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
	int err = SQLITE_OK;

	for (size_t i = 0; i < LISTING_CNT && !err; i++) {
		struct listing_context *context = malloc(sizeof(*context));
		char *name = sqlite3_mprintf("%s%s", prefix, LISTINGS[i].name);

		if (context)
			*context = (struct listing_context){ sql, &LISTINGS[i] };
		if (context && name)
			err = sqlite3_create_module_v2(sql->db, name, &MODULE, context, free);
		else
			err = SQLITE_NOMEM;
		if (err == SQLITE_NOMEM && !name)
			free(context);
		sqlite3_free(name);
	}
	return err;
}

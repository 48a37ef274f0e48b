/* SPDX-License-Identifier: MIT */
/*
 * The tables of what a header lists: a row for each thread, site, frame and so on. They are small
 * and have no index.
 */
#include "sql_row.h"
#include "sql_tables.h"
#include "sql_value.h"
#include <ttlog/read.h>

/* A row's place. */
struct row {
	struct sql_source *source;
	const struct ttlog_snapshot *reader;
	const void *item; /* what the header lists */
	size_t number;
};

enum member_type {
	CALL,
	TEXT,
	TEXT_OR_NULL,
	U64,
	I64,
	BOOL,
};

/* A column: a member of the item, or of what `of` finds in the file; or a call. */
struct member {
	const char *declared;
	enum member_type type;
	size_t offset;
	size_t has_offset; /* of the bool that says whether there is a value; 0: there always is */
	const void *(*of)(const struct ttlog_snapshot *reader);
	void (*call)(sqlite3_context *to, const struct row *row);
};

#define AT(name, member) .offset = offsetof(struct ttlog_##name, member)
#define IF(name, member) .has_offset = offsetof(struct ttlog_##name, member)

struct listing {
	struct sql_table_kind kind;
	const struct member *members; /* after the snapshot's name, up to one without `declared` */
	/* What has the list, and where. NULL: the only item is the header. */
	const void *(*of)(const struct ttlog_snapshot *reader);
	size_t list_offset, cnt_offset;
	size_t item_bytes; /* 0: the list is of pointers */
};

static const void *info_of(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader);
}

static const void *exit_of(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader)->exit;
}

static const void *crash_of(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_info(reader)->crash;
}

static const void *contents_of(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_contents(reader);
}

static const void *lost_of(const struct ttlog_snapshot *reader)
{
	return ttlog_snapshot_contents(reader)->lost;
}

static void number(sqlite3_context *to, const struct row *row)
{
	sqlite3_result_int64(to, (sqlite3_int64)row->number);
}

/* ---- threads ---- */

static void ns_pid(sqlite3_context *to, const struct row *row)
{
	const struct ttlog_thread *thread = row->item;

	sql_value__u64(to, thread->ns_pid ? thread->ns_pid : thread->pid);
}

static void ns_tid(sqlite3_context *to, const struct row *row)
{
	const struct ttlog_thread *thread = row->item;

	sql_value__u64(to, thread->ns_tid ? thread->ns_tid : thread->tid);
}

static const struct member THREADS[] = {
	{ "pid INTEGER", U64, AT(thread, pid) }, { "tid INTEGER", U64, AT(thread, tid) },
	{ "comm TEXT", TEXT, AT(thread, comm) }, { "ns_pid INTEGER", .call = ns_pid },
	{ "ns_tid INTEGER", .call = ns_tid },    { 0 },
};

/* ---- sites ---- */

static void site_kind(sqlite3_context *to, const struct row *row)
{
	static const char *const KINDS[] = { "event", "span", "span_end" };
	const struct ttlog_site *site = row->item;

	sql_value__text(to, ttlog_text_of(KINDS[site->kind]), SQL_VALUE_STAYS);
}

static void site_level(sqlite3_context *to, const struct row *row)
{
	sql_row__site(to, row->item, FIXED_LEVEL);
}

static void site_level_number(sqlite3_context *to, const struct row *row)
{
	sql_row__site(to, row->item, FIXED_LEVEL_NUMBER);
}

/* {"price":"decimal","symbol":"str"} */
static void site_fields(sqlite3_context *to, const struct row *row)
{
	const struct ttlog_site *site = row->item;
	struct out *scratch = &row->source->scratch;

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

static const struct member SITES[] = {
	{ "number INTEGER", .call = number },
	{ "kind TEXT", .call = site_kind },
	{ "level TEXT COLLATE level", .call = site_level },
	{ "level_number INTEGER", .call = site_level_number },
	{ "target TEXT", TEXT, AT(site, target) },
	{ "probe TEXT", TEXT, AT(site, probe) },
	{ "msg TEXT", TEXT, AT(site, msg) },
	{ "file TEXT", TEXT, AT(site, file) },
	{ "func TEXT", TEXT, AT(site, func) },
	{ "line INTEGER", U64, AT(site, line) },
	{ "fields JSON_TEXT", .call = site_fields },
	{ 0 },
};

/* ---- frames and registers of a crash ---- */

static const struct member FRAMES[] = {
	{ "number INTEGER", .call = number },
	{ "ip TEXT", TEXT_OR_NULL, AT(frame, ip) },
	{ "symbol TEXT", TEXT_OR_NULL, AT(frame, symbol) },
	{ "file TEXT", TEXT_OR_NULL, AT(frame, file) },
	{ "line INTEGER", U64, AT(frame, line), IF(frame, has_line) },
	{ "is_inlined BOOLEAN", BOOL, AT(frame, is_inlined) },
	{ "module TEXT", TEXT_OR_NULL, AT(frame, module) },
	{ "\"offset\" TEXT", TEXT_OR_NULL, AT(frame, offset) },
	{ "build_id TEXT", TEXT_OR_NULL, AT(frame, build_id) },
	{ 0 },
};

static const struct member REGISTERS[] = {
	{ "name TEXT", TEXT_OR_NULL, AT(register, name) },
	{ "value TEXT", TEXT_OR_NULL, AT(register, value) },
	{ 0 },
};

/* ---- losses ---- */

static const struct member LOSSES[] = {
	{ "cause TEXT", TEXT, AT(cause, name) },
	{ "count INTEGER", U64, AT(cause, cnt) },
	{ 0 },
};

/* ---- snapshots ---- */

static void chunk_time(sqlite3_context *to, const struct row *row, bool last)
{
	const struct ttlog_contents *contents = contents_of(row->reader);

	if (!contents->chunk_cnt)
		return;
	sql_value__time(to, &row->source->scratch,
			ttlog_info_real_ns(row->item,
					   last ? contents->chunks[contents->chunk_cnt - 1].last_ns
						: contents->chunks[0].first_ns));
}

static void first_ts(sqlite3_context *to, const struct row *row)
{
	chunk_time(to, row, false);
}

static void last_ts(sqlite3_context *to, const struct row *row)
{
	chunk_time(to, row, true);
}

static void lost(sqlite3_context *to, const struct row *row)
{
	const struct ttlog_contents *contents = contents_of(row->reader);

	if (contents->lost->is_there)
		sql_value__u64(to, contents->lost->total);
}

static void problems(sqlite3_context *to, const struct row *row)
{
	const struct ttlog_contents *contents = contents_of(row->reader);

	sql_value__u64(to, contents->problem_cnt + contents->problem_more);
}

#define TOTAL(member) U64, AT(contents, member), IF(contents, has_totals), .of = contents_of

static const struct member SNAPSHOTS[] = {
	{ "service TEXT", TEXT_OR_NULL, AT(info, service) },
	{ "host TEXT", TEXT_OR_NULL, AT(info, host) },
	{ "kernel TEXT", TEXT_OR_NULL, AT(info, kernel) },
	{ "comm TEXT", TEXT_OR_NULL, AT(info, comm) },
	{ "exe TEXT", TEXT_OR_NULL, AT(info, exe) },
	{ "build_id TEXT", TEXT_OR_NULL, AT(info, build_id) },
	{ "reason TEXT", TEXT_OR_NULL, AT(info, reason) },
	{ "created_at TEXT COLLATE time", TEXT_OR_NULL, AT(info, created_at) },
	{ "clock_error_ns INTEGER", U64, AT(info, clock_error_ns), IF(info, has_clock_error) },
	{ "exit_signal TEXT", TEXT_OR_NULL, AT(exit, signal), .of = exit_of },
	{ "crash_signal TEXT", TEXT_OR_NULL, AT(crash, signal), .of = crash_of },
	{ "crash_address TEXT", TEXT_OR_NULL, AT(crash, address), .of = crash_of },
	{ "crash_thread TEXT", TEXT_OR_NULL, AT(crash, thread), .of = crash_of },
	{ "crash_tid INTEGER", U64, AT(crash, tid), IF(crash, has_tid), .of = crash_of },
	{ "signature TEXT", TEXT_OR_NULL, AT(info, signature) },
	{ "exit_code INTEGER", I64, AT(exit, code), IF(exit, has_code), .of = exit_of },
	{ "pid INTEGER", U64, AT(info, pid), IF(info, has_pid) },
	{ "first_ts TEXT COLLATE time", .call = first_ts },
	{ "last_ts TEXT COLLATE time", .call = last_ts },
	{ "events INTEGER", U64, AT(contents, event_cnt), .of = contents_of },
	{ "emitted INTEGER", TOTAL(emitted) },
	{ "recorded INTEGER", TOTAL(recorded) },
	{ "overwritten INTEGER", TOTAL(overwritten) },
	{ "lost INTEGER", .call = lost },
	{ "suppressed INTEGER", TOTAL(suppressed) },
	{ "problems INTEGER", .call = problems },
	{ 0 },
};

/* ---- A value ---- */

static void give(sqlite3_context *to, const struct row *row, const struct member *member)
{
	const char *base = member->of ? member->of(row->reader) : row->item;
	const void *at = base + member->offset;

	if (member->has_offset && !*(const bool *)(base + member->has_offset))
		return;
	switch (member->type) {
	case TEXT:
		sql_value__text(to, *(const struct ttlog_text *)at, SQL_VALUE_STAYS);
		return;
	case TEXT_OR_NULL:
		sql_value__text_or_null(to, *(const struct ttlog_text *)at);
		return;
	case U64:
		sql_value__u64(to, *(const uint64_t *)at);
		return;
	case I64:
		sqlite3_result_int64(to, *(const int64_t *)at);
		return;
	case BOOL:
		sqlite3_result_int(to, *(const bool *)at);
		return;
	default:
		member->call(to, row);
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

static size_t count(const struct listing *listing, const struct ttlog_snapshot *reader)
{
	const char *owner = listing->of ? listing->of(reader) : NULL;

	return owner ? *(const size_t *)(owner + listing->cnt_offset) : 1;
}

static const void *item(const struct listing *listing, const struct ttlog_snapshot *reader,
			size_t number)
{
	const char *owner = listing->of ? listing->of(reader) : NULL, *list, *found;

	if (!owner)
		return info_of(reader);
	memcpy(&list, owner + listing->list_offset, sizeof(list));
	if (listing->item_bytes)
		return list + number * listing->item_bytes;
	memcpy(&found, list + number * sizeof(found), sizeof(found));
	return found;
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
	       cursor->row >= count(listing_of(cursor), reader_of(cursor))) {
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
	const struct listing *listing = listing_of(cursor);
	const struct ttlog_snapshot *reader = reader_of(cursor);
	const struct row row = { cursor->base.source, reader, item(listing, reader, cursor->row),
				 cursor->row };

	if (!number)
		sql_row__snapshot(to, reader);
	else
		give(to, &row, &listing->members[number - 1]);
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
	out__text(out, "snapshot TEXT");
	for (const struct member *member = ((const struct listing *)kind)->members;
	     member->declared; member++) {
		out__text(out, ", ");
		out__text(out, member->declared);
	}
}

static const sqlite3_module MODULE = SQL_TABLE_MODULE(sql_table__close);

/* ---- The tables ---- */

#define KIND(name)                                                                                 \
	{                                                                                          \
		name, &MODULE, sizeof(struct listing_cursor), declare                              \
	}
#define IN(name, list, cnt)                                                                        \
	.of = name##_of, .list_offset = offsetof(struct ttlog_##name, list),                       \
	.cnt_offset = offsetof(struct ttlog_##name, cnt)

static const struct listing LISTINGS[] = {
	{ KIND("threads"), THREADS, IN(info, threads, thread_cnt) },
	{ KIND("sites"), SITES, IN(info, sites, site_cnt) },
	{ KIND("frames"), FRAMES, IN(crash, frames, frame_cnt) },
	{ KIND("registers"), REGISTERS, IN(crash, registers, register_cnt),
	  .item_bytes = sizeof(struct ttlog_register) },
	{ KIND("losses"), LOSSES, IN(lost, causes, cause_cnt),
	  .item_bytes = sizeof(struct ttlog_cause) },
	{ KIND("snapshots"), .members = SNAPSHOTS },
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

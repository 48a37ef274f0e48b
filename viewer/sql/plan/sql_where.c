/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "field.h"
#include "sql_level.h"
#include "sql_time.h"
#include "sql_value.h"
#include "sql_where.h"
#include <ttlog/read.h>

/* A longer list is left to SQLite. */
#define MAX_LIST 256

enum where_op {
	WHERE_EQ,
	WHERE_LT,
	WHERE_LE,
	WHERE_GT,
	WHERE_GE,
	WHERE_IN,
	WHERE_OP_CNT,
};

/* By enum where_op. */
static const char *const OPS[WHERE_OP_CNT] = { "=", "<", "<=", ">", ">=", " in" };

enum where_kind {
	WHERE_NO, /* SQLite checks the values */
	WHERE_TIME,
	WHERE_SITE,
	WHERE_THREAD,
	WHERE_SNAPSHOT,
};

static const struct {
	enum where_kind kind;
	bool is_text;
} KINDS[FIXED_EVENTS_CNT] = {
	[FIXED_TS] = { WHERE_TIME, true },
	[FIXED_TS_NS] = { WHERE_TIME, false },
	[FIXED_MONO_NS] = { WHERE_TIME, false },
	[FIXED_LEVEL] = { WHERE_SITE, true },
	[FIXED_LEVEL_NUMBER] = { WHERE_SITE, false },
	[FIXED_TARGET] = { WHERE_SITE, true },
	[FIXED_PROBE] = { WHERE_SITE, true },
	[FIXED_MSG] = { WHERE_SITE, true },
	[FIXED_PID] = { WHERE_THREAD, false },
	[FIXED_TID] = { WHERE_THREAD, false },
	[FIXED_COMM] = { WHERE_THREAD, true },
	[FIXED_FILE] = { WHERE_SITE, true },
	[FIXED_LINE] = { WHERE_SITE, false },
	[FIXED_FUNC] = { WHERE_SITE, true },
	[FIXED_SNAPSHOT] = { WHERE_SNAPSHOT, true },
};

/* ---- Before the values are known ---- */

static bool op_of(sqlite3_index_info *info, int i, enum where_op *ret)
{
	switch (info->aConstraint[i].op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		*ret = sqlite3_vtab_in(info, i, -1) ? WHERE_IN : WHERE_EQ;
		return true;
	case SQLITE_INDEX_CONSTRAINT_LT:
		*ret = WHERE_LT;
		return true;
	case SQLITE_INDEX_CONSTRAINT_LE:
		*ret = WHERE_LE;
		return true;
	case SQLITE_INDEX_CONSTRAINT_GT:
		*ret = WHERE_GT;
		return true;
	case SQLITE_INDEX_CONSTRAINT_GE:
		*ret = WHERE_GE;
		return true;
	default:
		return false;
	}
}

static bool is_usable(sqlite3_index_info *info, int i, enum where_op *ret_op)
{
	const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
	int column = constraint->iColumn;

	if (!constraint->usable || column < 0 || column >= FIXED_EVENTS_CNT ||
	    KINDS[column].kind == WHERE_NO || !op_of(info, i, ret_op))
		return false;
	if (*ret_op == WHERE_IN && KINDS[column].kind == WHERE_TIME)
		return false;
	return !KINDS[column].is_text ||
	       !strcmp(sqlite3_vtab_collation(info, i), column == FIXED_TS      ? "time"
							: column == FIXED_LEVEL ? "level"
										: "BINARY");
}

/* Whether SQLite need not check again: the value is a literal of the column's own type. */
static bool is_decided(const struct sql_source *source, sqlite3_index_info *info, int i,
		       enum where_op op)
{
	int column = info->aConstraint[i].iColumn;
	sqlite3_value *value;

	if (op == WHERE_IN || sqlite3_vtab_rhs_value(info, i, &value) != SQLITE_OK)
		return false;
	if (!KINDS[column].is_text)
		return sqlite3_value_type(value) == SQLITE_INTEGER;
	return sqlite3_value_type(value) == SQLITE_TEXT &&
	       (column == FIXED_TS || column == FIXED_LEVEL || source->is_clean);
}

/* Whether the statement wants the order of events, or its reverse. */
static bool is_ordered(const struct sql_source *source, const sqlite3_index_info *info)
{
	int column;

	if (info->nOrderBy != 1)
		return false;
	column = info->aOrderBy[0].iColumn;
	return ((column == FIXED_TS || column == FIXED_TS_NS) && source->store.is_by_ts) ||
	       (column == FIXED_MONO_NS && source->store.is_by_mono);
}

/* The constraint for which an index is used; -1: none. If a time constraint spares chunks, an index
 * would decode them. */
static int find_look_up(const struct sql_source *source, sqlite3_index_info *info, double *ret_rows)
{
	int found = -1;
	double rows;

	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
		int column = constraint->iColumn;
		enum where_op op;

		if (column >= 0 && column < FIXED_EVENTS_CNT) {
			if (KINDS[column].kind == WHERE_TIME && is_usable(info, i, &op))
				return -1;
			continue;
		}
		if (column < 0 || !constraint->usable ||
		    constraint->op != SQLITE_INDEX_CONSTRAINT_EQ ||
		    !sql_index__is_offered(&source->indices, (size_t)column - FIXED_EVENTS_CNT,
					   &rows) ||
		    (sql_index__is_text(&source->indices, (size_t)column - FIXED_EVENTS_CNT) &&
		     strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0))
			continue;
		if (found < 0 || rows < *ret_rows) {
			found = i;
			*ret_rows = rows;
		}
	}
	return found;
}

static int choose_look_up(const struct sql_source *source, sqlite3_index_info *info, int i,
			  double rows)
{
	size_t column = (size_t)info->aConstraint[i].iColumn - FIXED_EVENTS_CNT;

	info->aConstraintUsage[i].argvIndex = 1;
	info->aConstraintUsage[i].omit = sql_index__decides(&source->indices, column);
	info->idxNum = sql_where__of_index(column);
	info->estimatedRows = (sqlite3_int64)rows;
	info->estimatedCost = rows + 1;
	/* IN makes one look-up after the other. */
	info->orderByConsumed = is_ordered(source, info) && !info->aOrderBy[0].desc &&
				!sqlite3_vtab_in(info, i, -1);
	info->idxStr = sqlite3_mprintf("index of %s", source->columns.list[column].name);
	info->needToFreeIdxStr = 1;
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

int sql_where__choose(const struct sql_source *source, sqlite3_index_info *info)
{
	double rows = (double)source->store.event_cnt + 1, found_rows = 0;
	int cnt = 0, found = find_look_up(source, info, &found_rows);
	sqlite3_str *chosen;
	enum where_op op;

	if (found >= 0)
		return choose_look_up(source, info, found, found_rows);
	chosen = sqlite3_str_new(NULL);
	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;

		if (!is_usable(info, i, &op))
			continue;
		if (op == WHERE_IN)
			(void)sqlite3_vtab_in(info, i, 1);
		info->aConstraintUsage[i].argvIndex = ++cnt;
		info->aConstraintUsage[i].omit = is_decided(source, info, i, op);
		sqlite3_str_appendf(chosen, "%s%s%s", cnt > 1 ? ", " : "", SQL_FIXED[column].name,
				    OPS[op]);
		rows /= op == WHERE_EQ || op == WHERE_IN ? 10 : 3;
	}
	info->estimatedRows = (sqlite3_int64)rows + 1;
	info->estimatedCost = rows + 1;
	info->orderByConsumed = is_ordered(source, info);
	info->idxNum = SQL_WHERE_FORWARD;
	if (info->orderByConsumed && info->aOrderBy[0].desc) {
		info->idxNum = SQL_WHERE_BACKWARD;
		sqlite3_str_appendf(chosen, "%sbackward", cnt ? ", " : "");
	}
	info->idxStr = sqlite3_str_finish(chosen);
	info->needToFreeIdxStr = 1;
	return cnt && !info->idxStr ? SQLITE_NOMEM : SQLITE_OK;
}

/* ---- The values ---- */

struct term {
	int column;
	enum where_op op;
	sqlite3_value *values[MAX_LIST]; /* all of the column's type */
	int cnt;
};

static void term__fini(struct term *term)
{
	for (int i = 0; i < term->cnt; i++)
		sqlite3_value_free(term->values[i]);
}

/* Returns the text after the term. */
static const char *parse_term(const char *p, struct term *ret)
{
	size_t len = strcspn(p, "=<> "), op_len;
	const char *end = strstr(p, ", ");

	if (!end)
		end = p + strlen(p);
	op_len = (size_t)(end - p) - len;
	for (int i = 0; i < FIXED_EVENTS_CNT; i++) {
		if (ttlog_text_is((struct ttlog_text){ p, len }, SQL_FIXED[i].name))
			ret->column = i;
	}
	for (int i = 0; i < WHERE_OP_CNT; i++) {
		if (ttlog_text_is((struct ttlog_text){ p + len, op_len }, OPS[i]))
			ret->op = (enum where_op)i;
	}
	return *end ? end + 2 : end;
}

/* Whether we compare the value as SQLite does. A literal like 7.0 was an integer when the plan was
 * made, and comes as a real. */
static bool is_taken(const struct term *term, sqlite3_value *value)
{
	int type = sqlite3_value_type(value);
	double real;

	if (KINDS[term->column].is_text || type != SQLITE_FLOAT)
		return type == (KINDS[term->column].is_text ? SQLITE_TEXT : SQLITE_INTEGER);
	real = sqlite3_value_double(value);
	return real >= (double)INT64_MIN && real < -(double)INT64_MIN &&
	       (double)(int64_t)real == real;
}

/* Returns 1 if it does, 0 if not, or -ENOMEM. */
static int take_value(struct term *term, sqlite3_value *value)
{
	sqlite3_value *copy;

	if (!is_taken(term, value) || term->cnt == MAX_LIST)
		return 0;
	copy = sqlite3_value_dup(value);
	if (!copy)
		return -ENOMEM;
	term->values[term->cnt++] = copy;
	return 1;
}

/* As take_value. */
static int take_values(struct term *term, sqlite3_value *value)
{
	sqlite3_value *each;
	int err, taken = 1;

	if (term->op != WHERE_IN)
		return take_value(term, value);
	for (err = sqlite3_vtab_in_first(value, &each); err == SQLITE_OK && each && taken > 0;
	     err = sqlite3_vtab_in_next(value, &each)) {
		if (sqlite3_value_type(each) != SQLITE_NULL)
			taken = take_value(term, each);
	}
	return err != SQLITE_OK && err != SQLITE_DONE ? -ENOMEM : taken;
}

static bool holds(enum where_op op, int order)
{
	switch (op) {
	case WHERE_LT:
		return order < 0;
	case WHERE_LE:
		return order <= 0;
	case WHERE_GT:
		return order > 0;
	case WHERE_GE:
		return order >= 0;
	default:
		return !order;
	}
}

static bool number_holds(const struct term *term, uint64_t number)
{
	for (int i = 0; i < term->cnt; i++) {
		int64_t v = sqlite3_value_int64(term->values[i]);

		if (holds(term->op, v < 0 || number > (uint64_t)v ? 1
				    : number < (uint64_t)v        ? -1
								  : 0))
			return true;
	}
	return false;
}

static bool text_holds(const struct term *term, struct ttlog_text text)
{
	/* SQLite will compare another text. */
	if (!sql_value__is_clean(text))
		return true;
	for (int i = 0; i < term->cnt; i++) {
		struct ttlog_text value = sql_value__text_of(term->values[i]);

		if (holds(term->op, term->column == FIXED_LEVEL ? sql_level__collate(text, value)
								: event_field__order(text, value)))
			return true;
	}
	return false;
}

static bool site_holds(const struct term *term, const struct ttlog_site *site)
{
	switch (term->column) {
	case FIXED_LEVEL_NUMBER:
		return number_holds(term, site->level);
	case FIXED_LINE:
		return number_holds(term, site->line);
	default:
		return text_holds(term, sql_columns__site_text(site, (enum sql_fixed)term->column));
	}
}

static bool thread_holds(const struct term *term, const struct ttlog_thread *thread)
{
	switch (term->column) {
	case FIXED_PID:
		return number_holds(term, thread->pid);
	case FIXED_TID:
		return number_holds(term, thread->tid);
	default:
		return text_holds(term, thread->comm);
	}
}

static int apply_to_file(struct sql_bounds *bounds, const struct store *store, size_t number,
			 const struct term *term)
{
	const struct ttlog_snapshot *reader = store->files[number].reader;
	const struct ttlog_info *header = ttlog_snapshot_info(reader);
	uint8_t *list;

	switch (KINDS[term->column].kind) {
	case WHERE_SITE:
		list = sql_bounds__sites(bounds, store, number);
		for (size_t i = 0; list && i < header->site_cnt; i++)
			list[i] &= site_holds(term, header->sites[i]);
		return list ? 0 : -ENOMEM;
	case WHERE_THREAD:
		list = sql_bounds__threads(bounds, store, number);
		for (size_t i = 0; list && i < header->thread_cnt; i++)
			list[i] &= thread_holds(term, header->threads[i]);
		return list ? 0 : -ENOMEM;
	default:
		bounds->files[number].is_out |=
			!text_holds(term, ttlog_text_of(ttlog_snapshot_name(reader)));
		return 0;
	}
}

/* ---- Time ---- */

/* The first time that is not before `text`, however that is written; with `above`, the first after
 * it. False: there is none. */
static bool find_moment(struct ttlog_text text, uint64_t last_ns, bool above, uint64_t *ret)
{
	uint64_t low = 0, high = UINT64_MAX;
	struct out out;
	bool found = false;

	if (out__init_memory(&out))
		return false;
	for (;;) {
		uint64_t mid = low + (high - low) / 2;
		int order;

		out__clear(&out);
		out__time(&out, mid);
		order = sql_time__collate(out__written(&out), text, last_ns);
		if (above ? order > 0 : order >= 0) {
			found = true;
			*ret = mid;
			if (mid == low)
				break;
			high = mid - 1;
		} else {
			if (mid == high)
				break;
			low = mid + 1;
		}
	}
	out__fini(&out);
	return found;
}

/* Narrows the times to those that hold `op`. `at`: the first that is not before the value;
 * `behind`: the first after it. */
static void narrow(struct sql_bounds *bounds, enum where_op op, bool is_mono, const uint64_t *at,
		   const uint64_t *behind)
{
	uint64_t *first = is_mono ? &bounds->first_mono_ns : &bounds->first_real_ns;
	uint64_t *last = is_mono ? &bounds->last_mono_ns : &bounds->last_real_ns;
	const uint64_t *from = op == WHERE_GT ? behind : at, *to = op == WHERE_LT ? at : behind;

	if (op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE) {
		if (!from)
			bounds->is_nothing = true;
		else if (*from > *first)
			*first = *from;
	}
	if (op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE) {
		if (to && !*to)
			bounds->is_nothing = true;
		else if (to && *to - 1 < *last)
			*last = *to - 1;
	}
}

static void apply_time(struct sql_bounds *bounds, const struct sql_source *source,
		       const struct term *term)
{
	bool is_mono = term->column == FIXED_MONO_NS, has_at = true, has_behind = true;
	uint64_t at = 0, behind = 0;

	if (term->column == FIXED_TS) {
		struct ttlog_text text = sql_value__text_of(term->values[0]);

		has_at = find_moment(text, source->last_ns, false, &at);
		has_behind = find_moment(text, source->last_ns, true, &behind);
	} else {
		int64_t v = sqlite3_value_int64(term->values[0]);

		at = v < 0 ? 0 : (uint64_t)v;
		behind = v < 0 ? 0 : (uint64_t)v + 1;
	}
	narrow(bounds, term->op, is_mono, has_at ? &at : NULL, has_behind ? &behind : NULL);
}

/* ---- All of it ---- */

static int apply(struct sql_bounds *bounds, const struct sql_source *source,
		 const struct term *term)
{
	int err = 0;

	if (KINDS[term->column].kind == WHERE_TIME) {
		apply_time(bounds, source, term);
		return 0;
	}
	for (size_t i = 0; i < bounds->file_cnt && !err; i++)
		err = apply_to_file(bounds, &source->store, i, term);
	return err;
}

static int add_term(struct sql_bounds *bounds, const struct sql_source *source, struct term *term,
		    sqlite3_value *value)
{
	int taken, err;

	/* Nothing compares with NULL. */
	if (term->op != WHERE_IN && sqlite3_value_type(value) == SQLITE_NULL) {
		bounds->is_nothing = true;
		return 0;
	}
	taken = take_values(term, value);
	err = taken > 0 ? apply(bounds, source, term) : taken;
	term__fini(term);
	return err;
}

int sql_where__bounds(struct sql_bounds *ret, const struct sql_source *source, const char *chosen,
		      int cnt, sqlite3_value **values)
{
	int err = sql_bounds__init(ret, &source->store);

	for (int i = 0; i < cnt && !err; i++) {
		struct term term = { .cnt = 0 };

		chosen = parse_term(chosen, &term);
		err = add_term(ret, source, &term, values[i]);
	}
	if (!err)
		return SQLITE_OK;
	sql_bounds__fini(ret);
	return SQLITE_NOMEM;
}

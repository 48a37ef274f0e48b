/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <ttlog/read.h>
#include "array.h"
#include "sql_print.h"

/* After so many rows, or bytes, the widths of a table's columns are settled. */
#define FIRST_ROWS  500u
#define FIRST_BYTES (1u << 20)
/* A wider cell pushes the rest of its line aside. */
#define MAX_WIDTH   60u

/* ---- Values ---- */

/* Of a text or a BLOB. */
static struct ttlog_text bytes_at(sqlite3_stmt *statement, int i)
{
	const char *p = sqlite3_column_blob(statement, i);

	return (struct ttlog_text){ p ? p : "", (size_t)sqlite3_column_bytes(statement, i) };
}

static bool is_declared(sqlite3_stmt *statement, int i, const char *type)
{
	const char *declared = sqlite3_column_decltype(statement, i);

	return declared && !sqlite3_stricmp(declared, type);
}

/* Whether the text is a number in JSON. */
static bool is_json_number(struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text);
	size_t whole, fraction = 1;

	p += p < end && *p == '-';
	for (whole = 0; p < end && *p >= '0' && *p <= '9'; whole++)
		p++;
	if (!whole || (whole > 1 && p[-(ptrdiff_t)whole] == '0'))
		return false;
	if (p < end && *p == '.') {
		for (fraction = 0, p++; p < end && *p >= '0' && *p <= '9'; fraction++)
			p++;
	}
	return fraction && p == end;
}

/* Shows a field as --format json does. */
static void json_text(struct out *out, sqlite3_stmt *statement, int i)
{
	struct ttlog_text text = bytes_at(statement, i);

	if (is_declared(statement, i, "JSON_TEXT"))
		out__json_made(out, text);
	else if ((is_declared(statement, i, "DECIMAL_TEXT") ||
		  is_declared(statement, i, "INTEGER")) &&
		 is_json_number(text))
		out__bytes(out, text.p, text.len);
	else
		out__json_text(out, text, false);
}

static void json_value(struct out *out, sqlite3_stmt *statement, int i)
{
	double v;

	switch (sqlite3_column_type(statement, i)) {
	case SQLITE_NULL:
		out__text(out, "null");
		return;
	case SQLITE_INTEGER:
		if (is_declared(statement, i, "BOOLEAN"))
			out__text(out, sqlite3_column_int(statement, i) ? "true" : "false");
		else
			out__i64(out, sqlite3_column_int64(statement, i));
		return;
	case SQLITE_FLOAT:
		v = sqlite3_column_double(statement, i);
		out__text(out, isfinite(v) ? "" : "\"");
		out__f64(out, v);
		out__text(out, isfinite(v) ? "" : "\"");
		return;
	case SQLITE_BLOB:
		out__char(out, '"');
		out__hex_bytes(out, bytes_at(statement, i));
		out__char(out, '"');
		return;
	default:
		json_text(out, statement, i);
	}
}

/* NULL is empty in CSV and "NULL" for people. */
static void plain_value(struct out *out, sqlite3_stmt *statement, int i, bool csv)
{
	switch (sqlite3_column_type(statement, i)) {
	case SQLITE_NULL:
		out__text(out, csv ? "" : "NULL");
		return;
	case SQLITE_INTEGER:
		out__i64(out, sqlite3_column_int64(statement, i));
		return;
	case SQLITE_FLOAT:
		out__f64(out, sqlite3_column_double(statement, i));
		return;
	case SQLITE_BLOB:
		out__hex_bytes(out, bytes_at(statement, i));
		return;
	default:
		if (csv)
			out__csv_text(out, bytes_at(statement, i), false);
		else
			out__plain(out, bytes_at(statement, i));
	}
}

static bool is_number(int type)
{
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

/* ---- Lines ---- */

static void csv_names(struct out *out, sqlite3_stmt *statement)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		if (i)
			out__char(out, ',');
		out__csv_text(out, ttlog_text_of(sqlite3_column_name(statement, i)), false);
	}
	out__text(out, "\r\n");
}

static void csv_row(struct out *out, sqlite3_stmt *statement)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		if (i)
			out__char(out, ',');
		plain_value(out, statement, i, true);
	}
	out__text(out, "\r\n");
}

static void json_row(struct out *out, sqlite3_stmt *statement)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++) {
		out__char(out, i ? ',' : '{');
		out__json_text(out, ttlog_text_of(sqlite3_column_name(statement, i)), false);
		out__char(out, ':');
		json_value(out, statement, i);
	}
	out__text(out, "}\n");
}

/* ---- Tables ---- */

/* A cell of the first rows, as text. */
struct cell {
	size_t at, len, width; /* the text in `texts` */
	bool is_number;
};

struct table {
	struct out *out;
	int column_cnt;
	size_t *widths;
	struct out texts; /* in memory */
	struct cell *cells;
	size_t cell_cnt, cell_cap;
	bool is_printed; /* the first rows are printed; the others follow at once */
};

static void pad_cell(struct table *table, int column, struct ttlog_text text,
		     const struct cell *cell)
{
	size_t missing = table->widths[column] > cell->width ? table->widths[column] - cell->width
							     : 0;

	out__text(table->out, column ? "  " : "");
	if (cell->is_number)
		out__pad(table->out, missing);
	out__bytes(table->out, text.p, text.len);
	if (!cell->is_number && column + 1 < table->column_cnt)
		out__pad(table->out, missing);
}

static int keep_cell(struct table *table, int column, size_t from, bool number)
{
	struct ttlog_text texts = out__written(&table->texts);
	size_t len = texts.len - from,
	       width = out__width((struct ttlog_text){ texts.p + from, len });

	if (array__reserve(table->cells, table->cell_cnt + 1, &table->cell_cap))
		return -ENOMEM;
	table->cells[table->cell_cnt++] = (struct cell){ from, len, width, number };
	if (width > table->widths[column] && (width <= MAX_WIDTH || number))
		table->widths[column] = width;
	return 0;
}

static int keep_names(struct table *table, sqlite3_stmt *statement)
{
	int err = 0;

	for (int i = 0; i < table->column_cnt && !err; i++) {
		size_t from = out__written(&table->texts).len;

		out__plain(&table->texts, ttlog_text_of(sqlite3_column_name(statement, i)));
		err = keep_cell(table, i, from, false);
	}
	return err;
}

static int keep_row(struct table *table, sqlite3_stmt *statement)
{
	int err = 0;

	for (int i = 0; i < table->column_cnt && !err; i++) {
		size_t from = out__written(&table->texts).len;

		plain_value(&table->texts, statement, i, false);
		err = keep_cell(table, i, from, is_number(sqlite3_column_type(statement, i)));
	}
	return err ? err : table->texts.err;
}

/* Prints the kept rows and forgets them. The name of a column whose first cell is a number is on
 * the right, too. */
static void print_kept(struct table *table)
{
	const char *texts = out__written(&table->texts).p;

	for (int i = 0; i < table->column_cnt && !table->is_printed &&
			table->cell_cnt > (size_t)table->column_cnt;
	     i++)
		table->cells[i].is_number = table->cells[table->column_cnt + i].is_number;
	for (size_t i = 0; i < table->cell_cnt; i++) {
		const struct cell *cell = &table->cells[i];
		int column = (int)(i % (size_t)table->column_cnt);

		pad_cell(table, column, (struct ttlog_text){ texts + cell->at, cell->len }, cell);
		if (column + 1 == table->column_cnt)
			out__char(table->out, '\n');
	}
	table->cell_cnt = 0;
	out__clear(&table->texts);
	table->is_printed = true;
}

static int table_row(struct table *table, sqlite3_stmt *statement)
{
	int err = keep_row(table, statement);

	if (!err &&
	    (table->is_printed || table->cell_cnt / (size_t)table->column_cnt > FIRST_ROWS ||
	     out__written(&table->texts).len > FIRST_BYTES))
		print_kept(table);
	return err;
}

static void table__fini(struct table *table)
{
	out__fini(&table->texts);
	free(table->widths);
	free(table->cells);
}

static int table__init(struct table *ret, struct out *out, sqlite3_stmt *statement)
{
	int err;

	*ret = (struct table){ .out = out, .column_cnt = sqlite3_column_count(statement) };
	ret->widths = calloc((size_t)ret->column_cnt + 1, sizeof(*ret->widths));
	err = ret->widths ? out__init_memory(&ret->texts) : -ENOMEM;
	if (!err)
		err = keep_names(ret, statement);
	if (err)
		table__fini(ret);
	return err;
}

static int print_table(struct out *out, sqlite3_stmt *statement)
{
	struct table table;
	int code, err = table__init(&table, out, statement);

	if (err)
		return err;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW && !out->err && !err)
		err = table_row(&table, statement);
	if (!table.is_printed)
		print_kept(&table);
	table__fini(&table);
	return err ? err : code;
}

/* ---- All ---- */

int sql_print__rows(struct out *out, sqlite3_stmt *statement, enum sql_format format)
{
	int code;

	if (!sqlite3_column_count(statement))
		return sqlite3_step(statement);
	if (format == SQL_TABLE) {
		code = print_table(out, statement);
	} else {
		if (format == SQL_CSV)
			csv_names(out, statement);
		while ((code = sqlite3_step(statement)) == SQLITE_ROW && !out->err)
			format == SQL_CSV ? csv_row(out, statement) : json_row(out, statement);
	}
	return out->err ? out->err : code;
}

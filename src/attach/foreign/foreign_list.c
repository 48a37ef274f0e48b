/* SPDX-License-Identifier: MIT */
/* Cells are made as text first, because the widths of columns depend on all of them. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "escape.h"
#include "foreign_list.h"
#include "site.h"

/* A wider cell only moves the rest of its own line. */
#define WIDTH_MAX 60

enum column {
	COLUMN_PROBE,
	COLUMN_FIELDS,
	COLUMN_CNT,
};

struct row {
	char *cells[COLUMN_CNT];
	size_t place_cnt;
	const char *path;
};

struct rows {
	struct row *list;
	size_t cnt, cap;
};

static void put_cell(FILE *out, enum column column, const struct site *site)
{
	if (column == COLUMN_PROBE) {
		escape__put(out, site->target, false);
		fputc(':', out);
		escape__put(out, site->name, false);
		return;
	}
	if (!site->nfields)
		fputc('-', out);
	for (size_t i = 0; i < site->nfields; i++) {
		fputs(i ? "," : "", out);
		escape__put(out, site->keys[i], false);
		fprintf(out, ":%s", site__type_word(site, i));
	}
}

static size_t count_places(const struct site_table *table, uint32_t index)
{
	size_t cnt = 0;

	for (size_t i = 0; i < table->place_cnt; i++)
		cnt += table->places[i].plan.site == index;
	return cnt;
}

static int add_row(struct rows *rows, const struct foreign_list_file *file, const struct site *site)
{
	struct row *row;

	if (array__reserve(rows->list, rows->cnt + 1, &rows->cap))
		return -ENOMEM;
	row = &rows->list[rows->cnt++];
	*row = (struct row){ .path = file->path,
			     .place_cnt = count_places(file->table, site->index) };
	for (int i = 0; i < COLUMN_CNT; i++) {
		size_t len;
		FILE *cell = open_memstream(&row->cells[i], &len);

		if (!cell)
			return -ENOMEM;
		put_cell(cell, (enum column)i, site);
		if (fclose(cell))
			return -ENOMEM;
	}
	return 0;
}

static int width_of(const struct rows *rows, enum column column, const char *heading)
{
	size_t width = strlen(heading);

	for (size_t i = 0; i < rows->cnt; i++) {
		const size_t len = strlen(rows->list[i].cells[column]);

		if (len <= WIDTH_MAX && len > width)
			width = len;
	}
	return (int)width;
}

static void print(FILE *out, const struct rows *rows, bool has_files)
{
	const int probe = width_of(rows, COLUMN_PROBE, "USDT PROBE");
	const int fields = width_of(rows, COLUMN_FIELDS, "FIELDS");

	fprintf(out, "%-*s  %-*s  PLACES%s\n", probe, "USDT PROBE", fields, "FIELDS",
		has_files ? "  FILE" : "");
	for (size_t i = 0; i < rows->cnt; i++) {
		const struct row *row = &rows->list[i];

		fprintf(out, "%-*s  %-*s  ", probe, row->cells[COLUMN_PROBE], fields,
			row->cells[COLUMN_FIELDS]);
		fprintf(out, has_files ? "%-6zu  " : "%zu", row->place_cnt);
		if (has_files)
			escape__put(out, row->path, false);
		fputc('\n', out);
	}
}

int foreign_list__print(FILE *out, const struct foreign_list_file *files, size_t file_cnt,
			size_t *ret_cnt)
{
	struct rows rows = { 0 };
	int err = 0;

	for (size_t i = 0; i < file_cnt; i++)
		for (size_t at = files[i].own_cnt; !err && at < files[i].table->cnt; at++)
			err = add_row(&rows, &files[i], &files[i].table->sites[at]);
	if (!err && rows.cnt) {
		print(out, &rows, file_cnt > 1);
		err = fflush(out) || ferror(out) ? -EIO : 0;
	}
	if (!err)
		*ret_cnt = rows.cnt;
	for (size_t i = 0; i < rows.cnt; i++)
		for (int at = 0; at < COLUMN_CNT; at++)
			free(rows.list[i].cells[at]);
	free(rows.list);
	return err;
}

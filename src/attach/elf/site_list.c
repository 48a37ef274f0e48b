/* SPDX-License-Identifier: MIT */
/*
 * Makes all rows as text first, because the widths of columns depend on all of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "site_list.h"
#include "site.h"
#include "value.h"

/* A wider cell only moves the rest of its own line. */
#define WIDTH_MAX 48u

enum column {
	COLUMN_LEVEL,
	COLUMN_KIND,
	COLUMN_PROBE,
	COLUMN_TARGET,
	COLUMN_PLACE,
	COLUMN_FUNCTION,
	COLUMN_MESSAGE,
	COLUMN_FIELDS,
	COLUMN_INDEX,
	COLUMN_MODULE,
	COLUMN_CNT,
};

static const char *const headings[COLUMN_CNT] = {
	"LEVEL",    "KIND",    "PROBE",  "TARGET", "FILE:LINE",
	"FUNCTION", "MESSAGE", "FIELDS", "INDEX",  "MODULE",
};

struct site_ref {
	const struct site *site;
	size_t module;
};

struct row {
	char *cells[COLUMN_CNT];
};

static const char *kind_name(uint8_t kind)
{
	switch (kind) {
	case TTLOG_SITE_EVENT:
		return "event";
	case TTLOG_SITE_SPAN:
		return "span";
	case TTLOG_SITE_ENABLED:
		return "enabled";
	default:
		return "?";
	}
}

static int compare_keys(const struct site *x, const struct site *y)
{
	int order = (x->nfields > y->nfields) - (x->nfields < y->nfields);

	if (!order)
		order = memcmp(x->types, y->types, x->nfields);
	for (unsigned int i = 0; !order && i < x->nfields; i++)
		order = strcmp(x->keys[i], y->keys[i]);
	return order;
}

/* Compares all that a line shows, except index and module. */
static int compare_content(const struct site *x, const struct site *y)
{
	int order = strcmp(x->target, y->target);

	if (!order)
		order = strcmp(x->file, y->file);
	if (!order)
		order = (x->line > y->line) - (x->line < y->line);
	if (!order)
		order = (x->level > y->level) - (x->level < y->level);
	if (!order)
		order = (x->kind > y->kind) - (x->kind < y->kind);
	if (!order)
		order = strcmp(x->name, y->name);
	if (!order)
		order = strcmp(x->function, y->function);
	if (!order)
		order = strcmp(x->message, y->message);
	return order ? order : compare_keys(x, y);
}

static int compare_refs(const void *a, const void *b)
{
	const struct site_ref *x = a, *y = b;
	int order = compare_content(x->site, y->site);

	if (!order)
		order = (x->module > y->module) - (x->module < y->module);
	if (!order)
		order = (x->site->index > y->site->index) - (x->site->index < y->site->index);
	return order;
}

static void put_fields(FILE *out, const struct site *site)
{
	if (!site->nfields)
		fputc('-', out);
	for (unsigned int i = 0; i < site->nfields; i++) {
		fputs(i ? "," : "", out);
		escape__put(out, site->keys[i], false);
		fprintf(out, ":%s", site__type_word(site, i));
	}
}

static void put_text(FILE *out, const char *text)
{
	escape__put(out, *text ? text : "-", false);
}

/* refs: cnt sites with the same content. */
static void put_indices(FILE *out, const struct site_ref *refs, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		fprintf(out, "%s%" PRIu32, i ? "," : "", refs[i].site->index);
}

static void put_modules(FILE *out, const struct list_module *modules, const struct site_ref *refs,
			size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (i && refs[i].module == refs[i - 1].module)
			continue;
		fputs(i ? "," : "", out);
		put_text(out, modules[refs[i].module].path);
	}
}

static void put_cell(FILE *out, enum column column, const struct list_module *modules,
		     const struct site_ref *refs, size_t cnt)
{
	const struct site *site = refs->site;
	const char *level = value__level_name(site->level);

	switch (column) {
	case COLUMN_LEVEL:
		fputs(level ? level : "?", out);
		break;
	case COLUMN_KIND:
		fputs(kind_name(site->kind), out);
		break;
	case COLUMN_PROBE:
		put_text(out, site->name);
		break;
	case COLUMN_TARGET:
		put_text(out, site->target);
		break;
	case COLUMN_PLACE:
		put_text(out, site->file);
		fprintf(out, ":%" PRIu32, site->line);
		break;
	case COLUMN_FUNCTION:
		put_text(out, site->function);
		break;
	case COLUMN_MESSAGE:
		fputc('"', out);
		escape__put(out, site->message, true);
		fputc('"', out);
		break;
	case COLUMN_FIELDS:
		put_fields(out, site);
		break;
	case COLUMN_INDEX:
		put_indices(out, refs, cnt);
		break;
	case COLUMN_MODULE:
		put_modules(out, modules, refs, cnt);
		break;
	case COLUMN_CNT:
		break;
	}
}

static int make_row(struct row *row, const struct list_module *modules, const struct site_ref *refs,
		    size_t cnt)
{
	for (int i = 0; i < COLUMN_CNT; i++) {
		size_t len;
		FILE *cell = open_memstream(&row->cells[i], &len);

		if (!cell)
			return -ENOMEM;
		put_cell(cell, (enum column)i, modules, refs, cnt);
		if (fclose(cell))
			return -ENOMEM;
	}
	return 0;
}

/* How many characters; each counts as one column. */
static unsigned int text_width(const char *text)
{
	unsigned int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_row(FILE *out, char *const *cells, const unsigned int *widths, int column_cnt)
{
	for (int i = 0; i < column_cnt; i++) {
		unsigned int width = text_width(cells[i]);

		fputs(cells[i], out);
		if (i + 1 < column_cnt)
			fprintf(out, "%*s", (int)(widths[i] > width ? widths[i] - width : 0) + 2,
				"");
	}
	fputc('\n', out);
}

static void print_rows(FILE *out, const struct row *rows, size_t cnt, int column_cnt)
{
	unsigned int widths[COLUMN_CNT];

	for (int i = 0; i < column_cnt; i++) {
		widths[i] = text_width(headings[i]);
		for (size_t at = 0; at < cnt; at++) {
			unsigned int width = text_width(rows[at].cells[i]);

			if (width <= WIDTH_MAX && width > widths[i])
				widths[i] = width;
		}
	}
	print_row(out, (char *const *)headings, widths, column_cnt);
	for (size_t at = 0; at < cnt; at++)
		print_row(out, rows[at].cells, widths, column_cnt);
}

/* All sites of all modules, sorted so that equal ones come together. */
static struct site_ref *collect_refs(const struct list_module *modules, size_t module_cnt,
				     size_t *ret_cnt)
{
	struct site_ref *refs;
	size_t cnt = 0;

	for (size_t i = 0; i < module_cnt; i++)
		cnt += modules[i].table->cnt;
	refs = calloc(cnt + 1, sizeof(*refs));
	if (!refs)
		return NULL;
	cnt = 0;
	for (size_t i = 0; i < module_cnt; i++) {
		for (size_t at = 0; at < modules[i].table->cnt; at++)
			refs[cnt++] = (struct site_ref){ &modules[i].table->sites[at], i };
	}
	qsort(refs, cnt, sizeof(*refs), compare_refs);
	*ret_cnt = cnt;
	return refs;
}

int site_list__print(FILE *out, const struct list_module *modules, size_t module_cnt,
		     size_t *ret_cnt)
{
	size_t ref_cnt = 0, row_cnt = 0;
	struct site_ref *refs = collect_refs(modules, module_cnt, &ref_cnt);
	struct row *rows = calloc(ref_cnt + 1, sizeof(*rows));
	int err = refs && rows ? 0 : -ENOMEM;

	for (size_t at = 0, same; !err && at < ref_cnt; at += same) {
		for (same = 1; at + same < ref_cnt; same++) {
			if (compare_content(refs[at].site, refs[at + same].site))
				break;
		}
		err = make_row(&rows[row_cnt++], modules, refs + at, same);
	}
	if (!err) {
		print_rows(out, rows, row_cnt, module_cnt > 1 ? COLUMN_CNT : COLUMN_MODULE);
		err = fflush(out) || ferror(out) ? -EIO : 0;
	}
	for (size_t at = 0; rows && at < row_cnt; at++) {
		for (int i = 0; i < COLUMN_CNT; i++)
			free(rows[at].cells[i]);
	}
	free(rows);
	free(refs);
	if (!err)
		*ret_cnt = row_cnt;
	return err;
}

/* ---- The choices of filters ---- */

static int compare_choices(const void *a, const void *b)
{
	const struct site *x = ((const struct site_ref *)a)->site;
	const struct site *y = ((const struct site_ref *)b)->site;
	int order = strcmp(x->target, y->target);

	if (!order)
		order = strcmp(x->name, y->name);
	if (!order)
		order = (x->level > y->level) - (x->level < y->level);
	return order ? order : strcmp(x->file, y->file);
}

static void print_choice(FILE *out, const struct site *site)
{
	const char *level = value__level_name(site->level);

	fputs("  target=", out);
	escape__put(out, site->target, false);
	fputs(" probe=", out);
	escape__put(out, site->name, false);
	fprintf(out, " level=%s file=", level ? level : "?");
	escape__put(out, site->file, false);
	fputc('\n', out);
}

int site_list__print_choices(FILE *out, const struct site_table *table)
{
	const struct list_module module = { .path = "", .table = table };
	size_t ref_cnt = 0, choice_cnt = 0;
	struct site_ref *refs = collect_refs(&module, 1, &ref_cnt);

	if (!refs)
		return -ENOMEM;
	qsort(refs, ref_cnt, sizeof(*refs), compare_choices);
	for (size_t i = 0; i < ref_cnt; i++) {
		if (i && !compare_choices(&refs[i - 1], &refs[i]))
			continue;
		if (choice_cnt++ < LIST_CHOICES_MAX)
			print_choice(out, refs[i].site);
	}
	if (choice_cnt > LIST_CHOICES_MAX)
		fprintf(out, "  and %zu more: ttlog-collect --list\n",
			choice_cnt - LIST_CHOICES_MAX);
	free(refs);
	return 0;
}

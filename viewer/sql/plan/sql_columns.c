/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "field.h"
#include "sql_columns.h"
#include "sql_value.h"

#define NAME_MAX_BYTES 128u

const struct sql_fixed_column SQL_FIXED[FIXED_CNT] = {
	[FIXED_TS] = { "ts", "TEXT", "time" },
	[FIXED_TS_NS] = { "ts_ns", "INTEGER", "dec" },
	[FIXED_MONO_NS] = { "mono_ns", "INTEGER", "dec" },
	[FIXED_LEVEL] = { "level", "TEXT", "level" },
	[FIXED_LEVEL_NUMBER] = { "level_number", "INTEGER", NULL },
	[FIXED_TARGET] = { "target", "TEXT", NULL },
	[FIXED_PROBE] = { "probe", "TEXT", NULL },
	[FIXED_MSG] = { "msg", "TEXT", NULL },
	[FIXED_PID] = { "pid", "INTEGER", NULL },
	[FIXED_TID] = { "tid", "INTEGER", NULL },
	[FIXED_COMM] = { "comm", "TEXT", NULL },
	[FIXED_FILE] = { "file", "TEXT", NULL },
	[FIXED_LINE] = { "line", "INTEGER", NULL },
	[FIXED_FUNC] = { "func", "TEXT", NULL },
	[FIXED_DURATION_NS] = { "duration_ns", "INTEGER", "dec" },
	[FIXED_TRACE_ID] = { "trace_id", "TEXT", NULL },
	[FIXED_SPAN_ID] = { "span_id", "TEXT", NULL },
	[FIXED_SUPPRESSED] = { "suppressed", "INTEGER", "dec" },
	[FIXED_FIELDS] = { "fields", "JSON_TEXT", NULL },
	[FIXED_SNAPSHOT] = { "snapshot", "TEXT", NULL },
	[FIXED_END_TS] = { "end_ts", "TEXT", "time" },
	[FIXED_END_MONO_NS] = { "end_mono_ns", "INTEGER", "dec" },
	[FIXED_STATE] = { "state", "TEXT", NULL },
	[FIXED_DEPTH] = { "depth", "INTEGER", NULL },
};

const struct sql_columns_of SQL_EVENTS_COLUMNS = {
	.kinds = 1u << TTLOG_EVENT_PLAIN | 1u << TTLOG_EVENT_SPAN | 1u << TTLOG_EVENT_SPAN_END,
	.fixed_cnt = FIXED_EVENTS_CNT,
	.fixed = { FIXED_TS,           FIXED_TS_NS,      FIXED_MONO_NS,     FIXED_LEVEL,
		   FIXED_LEVEL_NUMBER, FIXED_TARGET,     FIXED_PROBE,       FIXED_MSG,
		   FIXED_PID,          FIXED_TID,        FIXED_COMM,        FIXED_FILE,
		   FIXED_LINE,         FIXED_FUNC,       FIXED_DURATION_NS, FIXED_TRACE_ID,
		   FIXED_SPAN_ID,      FIXED_SUPPRESSED, FIXED_FIELDS,      FIXED_SNAPSHOT },
};

const struct sql_columns_of SQL_SPANS_COLUMNS = {
	.kinds = 1u << TTLOG_EVENT_SPAN | 1u << TTLOG_EVENT_SPAN_END,
	.fixed_cnt = FIXED_SPANS_CNT,
	.fixed = { FIXED_TS,          FIXED_TS_NS,  FIXED_MONO_NS, FIXED_END_TS, FIXED_END_MONO_NS,
		   FIXED_DURATION_NS, FIXED_STATE,  FIXED_DEPTH,   FIXED_LEVEL,  FIXED_LEVEL_NUMBER,
		   FIXED_TARGET,      FIXED_PROBE,  FIXED_MSG,     FIXED_PID,    FIXED_TID,
		   FIXED_COMM,        FIXED_FILE,   FIXED_LINE,    FIXED_FUNC,   FIXED_TRACE_ID,
		   FIXED_SPAN_ID,     FIXED_FIELDS, FIXED_SNAPSHOT },
};

/* A field of a site. Sorted, fields of one key are neighbours. */
struct place {
	struct ttlog_text key;
	uint64_t order; /* the field's number over all files */
	uint32_t file, site;
	uint8_t field, type;
};

struct places {
	struct place *list;
	size_t cnt;
};

static int compare_keys(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = event_field__order(x->key, y->key);

	if (order)
		return order;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int compare_order(const void *a, const void *b)
{
	const struct place *x = *(const struct place *const *)a;
	const struct place *y = *(const struct place *const *)b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static unsigned fields_of(const struct ttlog_site *site, unsigned kinds)
{
	return kinds & 1u << site->kind ? site->nfields : 0;
}

static int find_places(struct places *ret, const struct store *store, unsigned kinds)
{
	size_t cnt = 0;

	for (size_t f = 0; f < store->file_cnt; f++) {
		const struct ttlog_info *header = ttlog_snapshot_info(store->files[f].reader);

		for (size_t s = 0; s < header->site_cnt; s++)
			cnt += fields_of(header->sites[s], kinds);
	}
	ret->list = calloc(cnt + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t f = 0; f < store->file_cnt; f++) {
		const struct ttlog_info *header = ttlog_snapshot_info(store->files[f].reader);

		for (size_t s = 0; s < header->site_cnt; s++) {
			const struct ttlog_site *site = header->sites[s];

			/* a duration has a column of its own */
			for (unsigned i = ttlog_site_first_field(site); i < fields_of(site, kinds);
			     i++, ret->cnt++)
				ret->list[ret->cnt] = (struct place){
					.key = site->keys[i],
					.order = ret->cnt,
					.file = (uint32_t)f,
					.site = (uint32_t)s,
					.field = (uint8_t)i,
					.type = site->types[i],
				};
		}
	}
	qsort(ret->list, ret->cnt, sizeof(*ret->list), compare_keys);
	return 0;
}

/* ---- Names ---- */

static bool is_taken(const struct sql_columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->of->fixed_cnt; i++) {
		if (!sqlite3_stricmp(name, SQL_FIXED[columns->of->fixed[i]].name))
			return true;
	}
	for (size_t i = 0; i < columns->cnt; i++) {
		if (!sqlite3_stricmp(name, columns->list[i].name))
			return true;
	}
	return false;
}

/* Valid UTF-8, without zeros, and not too long: each name is compared with all others. */
static char *clean_name(struct ttlog_text key)
{
	const bool is_cut = key.len > NAME_MAX_BYTES;
	struct out out;
	char *name = NULL;

	if (out__init_memory(&out))
		return NULL;
	if (is_cut)
		key.len = NAME_MAX_BYTES;
	while (is_cut && key.len && (key.p[key.len] & 0xc0) == 0x80)
		key.len--;
	for (size_t i = 0; i < key.len;) {
		size_t len = strnlen(key.p + i, key.len - i);

		sql_value__clean(&out, (struct ttlog_text){ key.p + i, len });
		i += len;
		if (i < key.len) {
			out__text(&out, "\xef\xbf\xbd");
			i++;
		}
	}
	out__text(&out, is_cut ? "\xe2\x80\xa6" : "");
	if (!out.err)
		name = strndup(out__written(&out).p, out__written(&out).len);
	out__fini(&out);
	return name;
}

/* A suffix that one name found taken is not tried by the next: else keys that differ only in case
 * would take cubic time. */
static char *choose_name(struct sql_columns *columns, struct ttlog_text key)
{
	char *clean = clean_name(key), *name = clean ? strdup(clean) : NULL;

	for (bool first = true; name && (!*name || is_taken(columns, name)); first = false) {
		free(name);
		if ((first ? asprintf(&name, "fields.%s", clean)
			   : asprintf(&name, "fields.%s#%u", clean, columns->last_suffix++ + 2)) <
		    0)
			name = NULL;
	}
	free(clean);
	return name;
}

/* ---- Columns ---- */

static bool is_decimal(uint32_t types)
{
	return types & 1u << TTLOG_TYPE_DECIMAL &&
	       !(types & (SQL_COLUMNS_TEXTS | 1u << TTLOG_TYPE_BYTES));
}

static bool is_same_field(const struct place *a, const struct place *b)
{
	return a->file == b->file && a->site == b->site;
}

/* From the places of one key, in their order. */
static int add_column(struct sql_columns *columns, const struct place *places,
		      const struct place *end)
{
	struct sql_column *column = &columns->list[columns->cnt];

	column->key = places->key;
	column->name = choose_name(columns, places->key);
	if (!column->name)
		return -ENOMEM;
	for (const struct place *p = places; p < end && ttlog_text_equal(p->key, places->key);
	     p++) {
		if (p > places && is_same_field(p - 1, p))
			continue;
		column->types |= 1u << p->type;
		columns->sites[p->file][p->site].columns[p->field] = (uint16_t)columns->cnt;
	}
	column->is_decimal = is_decimal(column->types);
	columns->cnt++;
	return 0;
}

static int add_columns(struct sql_columns *columns, const struct places *places)
{
	const struct place **firsts = calloc(places->cnt + 1, sizeof(*firsts));
	size_t cnt = 0;
	int err = firsts ? 0 : -ENOMEM;

	for (size_t i = 0; i < places->cnt && !err; i++) {
		if (!i || !ttlog_text_equal(places->list[i - 1].key, places->list[i].key))
			firsts[cnt++] = &places->list[i];
	}
	if (!err && cnt)
		qsort((void *)firsts, cnt, sizeof(*firsts), compare_order);
	if (cnt > SQL_COLUMNS_MAX)
		columns->left_out = cnt - SQL_COLUMNS_MAX;
	for (size_t i = 0; i < cnt && i < SQL_COLUMNS_MAX && !err; i++)
		err = add_column(columns, firsts[i], places->list + places->cnt);
	free((void *)firsts);
	return err;
}

static int alloc_sites(struct sql_columns *columns, const struct store *store)
{
	columns->sites = calloc(store->file_cnt + 1, sizeof(struct sql_site *));
	columns->list = calloc(SQL_COLUMNS_MAX, sizeof(*columns->list));
	if (!columns->sites || !columns->list)
		return -ENOMEM;
	for (size_t f = 0; f < store->file_cnt; f++) {
		size_t cnt = ttlog_snapshot_info(store->files[f].reader)->site_cnt;

		columns->sites[f] = calloc(cnt + 1, sizeof(struct sql_site));
		if (!columns->sites[f])
			return -ENOMEM;
		columns->file_cnt++;
		memset(columns->sites[f], 0xff, cnt * sizeof(struct sql_site));
	}
	return 0;
}

int sql_columns__init(struct sql_columns *ret, const struct store *store,
		      const struct sql_columns_of *of)
{
	struct places places = { .list = NULL };
	int err;

	*ret = (struct sql_columns){ .of = of };
	err = alloc_sites(ret, store);
	if (!err)
		err = find_places(&places, store, of->kinds);
	if (!err)
		err = add_columns(ret, &places);
	free(places.list);
	if (err)
		sql_columns__fini(ret);
	return err;
}

void sql_columns__fini(struct sql_columns *columns)
{
	for (size_t i = 0; i < columns->cnt; i++)
		free(columns->list[i].name);
	for (size_t f = 0; f < columns->file_cnt; f++)
		free(columns->sites[f]);
	free((void *)columns->sites);
	free(columns->list);
	*columns = (struct sql_columns){ .cnt = 0 };
}

struct ttlog_text sql_columns__site_text(const struct ttlog_site *site, enum sql_fixed column)
{
	switch (column) {
	case FIXED_LEVEL:
		return ttlog_text_of(ttlog_level_name(site->level));
	case FIXED_TARGET:
		return site->target;
	case FIXED_PROBE:
		return site->probe;
	case FIXED_MSG:
		return site->msg;
	case FIXED_FILE:
		return site->file;
	default:
		return site->func;
	}
}

/* ---- In SQL ---- */

static void quote(struct out *out, const char *name)
{
	out__char(out, '"');
	for (; *name; name++) {
		if (*name == '"')
			out__char(out, '"');
		out__char(out, *name);
	}
	out__char(out, '"');
}

/* The affinity makes a comparison with a literal mean what it says: a decimal's affinity turns the
 * literal into text, which the collation compares as numbers. */
static const char *type_of(const struct sql_column *column, bool plain)
{
	const uint32_t reals = 1u << TTLOG_TYPE_F32 | 1u << TTLOG_TYPE_F64;
	const uint32_t types = column->types;

	if (column->is_decimal)
		return plain ? "NUMERIC" : "DECIMAL_TEXT COLLATE dec";
	if (!(types & ~SQL_COLUMNS_TEXTS))
		return "TEXT";
	if (types == 1u << TTLOG_TYPE_BYTES)
		return "BLOB";
	if (types & (SQL_COLUMNS_TEXTS | 1u << TTLOG_TYPE_BYTES | 1u << TTLOG_TYPE_DECIMAL))
		return "";
	if (types == 1u << TTLOG_TYPE_BOOL)
		return "BOOLEAN";
	if (!(types & ~reals))
		return "REAL";
	/* numbers beyond an int64 are text */
	if (types & 1u << TTLOG_TYPE_U64 && !plain)
		return types & reals ? "NUMERIC COLLATE dec" : "INTEGER COLLATE dec";
	return types & reals ? "NUMERIC" : "INTEGER";
}

void sql_columns__declare(const struct sql_columns *columns, struct out *out, bool plain)
{
	const struct sql_columns_of *of = columns->of;

	for (size_t i = 0; i < of->fixed_cnt; i++) {
		const struct sql_fixed_column *fixed = &SQL_FIXED[of->fixed[i]];

		out__text(out, i ? ", " : "");
		out__text(out, fixed->name);
		out__char(out, ' ');
		out__text(out, fixed->type);
		if (fixed->collation && !plain) {
			out__text(out, " COLLATE ");
			out__text(out, fixed->collation);
		}
	}
	for (size_t i = 0; i < columns->cnt; i++) {
		out__text(out, ", ");
		quote(out, columns->list[i].name);
		out__char(out, ' ');
		out__text(out, type_of(&columns->list[i], plain));
	}
}

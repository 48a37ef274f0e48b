/* SPDX-License-Identifier: MIT */
/*
 * Events for spreadsheets and data frames: RFC 4180, a header line, then a line for each event.
 *
 * First come the fixed columns, those of JSON, then a column for each key of a field, in the order
 * of the files' sites. A key that is the name of a fixed column is called fields.KEY, as in
 * filters. The last of the fixed ones, `suppressed`, is only there if calls were left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "event_output.h"
#include <ttlog/read.h>
#include "hash.h"
#include "hash_table.h"
#include "provenance.h"

/* A column, found by its key. If a site has a key twice, each has a column. */
struct column {
	struct ttlog_text key;
	uint32_t nth;
};

/* The site's fields in the order of their columns. */
struct csv_site {
	uint8_t field[TTLOG_MAX_FIELDS];
	uint32_t column[TTLOG_MAX_FIELDS];
};

struct csv {
	struct out *out;
	struct provenances provenances;
	struct csv_site *sites;
	struct column *columns;
	size_t column_cnt, column_cap;
	struct hash_table by_hash; /* columns */
	uint64_t secret;
	bool has_suppressed;
};

/* ---- The columns ---- */

struct wanted_column {
	const struct csv *csv;
	struct ttlog_text key;
	uint32_t nth;
};

static bool is_wanted(const void *of, uint32_t number)
{
	const struct wanted_column *wanted = of;
	const struct column *column = &wanted->csv->columns[number];

	return column->nth == wanted->nth && ttlog_text_equal(column->key, wanted->key);
}

static int find_column(struct csv *csv, struct ttlog_text key, uint32_t nth, uint32_t *ret)
{
	const struct wanted_column wanted = { csv, key, nth };
	const uint64_t hash = hash__mix(hash__bytes(csv->secret, key.p, key.len), nth);

	*ret = hash_table__find(&csv->by_hash, hash, is_wanted, &wanted);
	if (*ret != HASH_TABLE_NONE)
		return 0;
	if (array__reserve(csv->columns, csv->column_cnt + 1, &csv->column_cap) ||
	    hash_table__add(&csv->by_hash, hash, (uint32_t)csv->column_cnt))
		return -ENOMEM;
	*ret = (uint32_t)csv->column_cnt++;
	csv->columns[*ret] = (struct column){ key, nth };
	return 0;
}

static int add_site(struct csv *csv, struct csv_site *to, const struct ttlog_site *site)
{
	const unsigned first = ttlog_site_first_field(site);

	for (unsigned i = first; i < site->nfields; i++) {
		uint32_t nth = 0, column;
		unsigned at = i - first;
		int err;

		for (unsigned k = first; k < i; k++)
			nth += ttlog_text_equal(site->keys[k], site->keys[i]);
		err = find_column(csv, site->keys[i], nth, &column);
		if (err)
			return err;
		for (; at && to->column[at - 1] > column; at--) {
			to->column[at] = to->column[at - 1];
			to->field[at] = to->field[at - 1];
		}
		to->column[at] = column;
		to->field[at] = (uint8_t)i;
	}
	return 0;
}

static int add_sites(struct csv *csv, const struct event_output_setup *setup)
{
	size_t number = 0;
	int err = 0;

	csv->sites = calloc(csv->provenances.site_cnt + 1, sizeof(*csv->sites));
	if (!csv->sites)
		return -ENOMEM;
	for (size_t i = 0; i < setup->reader_cnt; i++) {
		const struct ttlog_info *header = ttlog_snapshot_info(setup->readers[i]);

		for (size_t k = 0; k < header->site_cnt && !err; k++)
			err = add_site(csv, &csv->sites[number++], header->sites[k]);
	}
	return err;
}

static void header_line(struct csv *csv)
{
	for (size_t i = 0; i < EVENT_COLUMN_CNT; i++) {
		const struct ttlog_text key = EVENT_KEYS[EVENT_COLUMNS[i]];

		if (i)
			out__char(csv->out, ',');
		out__bytes(csv->out, key.p, key.len);
	}
	out__text(csv->out, csv->has_suppressed ? ",suppressed" : "");
	for (size_t i = 0; i < csv->column_cnt; i++) {
		out__text(csv->out, event_output__is_taken(csv->columns[i].key, csv->has_suppressed)
					    ? ",fields."
					    : ",");
		out__csv_text(csv->out, csv->columns[i].key, false);
	}
	out__text(csv->out, "\r\n");
}

/* By the accounts: no event is read yet. */
static bool is_any_suppressed(const struct event_output_setup *setup)
{
	for (size_t i = 0; i < setup->reader_cnt; i++) {
		const struct ttlog_snapshot *reader = setup->readers[i];

		if (ttlog_snapshot_info(reader)->has_suppressed ||
		    ttlog_snapshot_contents(reader)->suppressed)
			return true;
	}
	return false;
}

static void csv__fini(void *state)
{
	struct csv *csv = state;

	provenances__fini(&csv->provenances);
	free(csv->sites);
	free(csv->columns);
	hash_table__fini(&csv->by_hash);
}

static int csv__begin(void *state, const struct event_output_setup *setup)
{
	struct csv *csv = state;
	int err = provenances__init(&csv->provenances, setup->readers, setup->reader_cnt);

	csv->out = setup->out;
	csv->secret = hash__new_secret();
	csv->has_suppressed = is_any_suppressed(setup);
	if (!err)
		err = add_sites(csv, setup);
	if (!err)
		header_line(csv);
	return err;
}

/* ---- The lines ---- */

static void commas(struct out *out, uint32_t cnt)
{
	static const char COMMAS[] = ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,";

	for (; cnt >= sizeof(COMMAS); cnt -= sizeof(COMMAS) - 1)
		out__bytes(out, COMMAS, sizeof(COMMAS) - 1);
	out__bytes(out, COMMAS, cnt);
}

/* null is nothing, empty text is a pair of quotes. */
static void value(struct out *out, const struct ttlog_field *field)
{
	char buf[FORMAT_NUMBER_BYTES];
	struct ttlog_text text;

	if (field->null || field->type == TTLOG_TYPE_NONE)
		return;
	if (field->type == TTLOG_TYPE_BYTES) {
		out__text(out, field->text.len || field->cut ? "" : "\"\"");
		out__hex_bytes(out, field->text);
		out__text(out, field->cut ? "\xe2\x80\xa6" : "");
		return;
	}
	text = ttlog_field_text(field, buf);
	if (field->type == TTLOG_TYPE_STR || field->type == TTLOG_TYPE_CHAR)
		out__csv_text(out, text, field->cut);
	else
		out__bytes(out, text.p, text.len);
}

#define NUMBER(key, value)                                                                         \
	out__char(out, ',');                                                                       \
	out__u64(out, value);
#define TEXT(key, value)                                                                           \
	out__char(out, ',');                                                                       \
	out__csv_text(out, value, false);

static void put_suppressed(struct out *out, uint64_t cnt)
{
	out__char(out, ',');
	if (cnt)
		out__u64(out, cnt);
}

static void csv__event(void *state, const struct ttlog_event *event)
{
	struct csv *csv = state;
	const struct ttlog_site *site = event->site;
	const struct provenance *provenance = provenances__find(&csv->provenances, event);
	const struct csv_site *order = &csv->sites[provenance->first_site + event->site_number];
	struct out *out = csv->out;
	struct ttlog_field field;
	uint32_t at = 0;

	out__time(out, event->real_ns);
	EVENT_VALUES(event, NUMBER, TEXT)
	out__char(out, ',');
	if (site->kind == TTLOG_EVENT_SPAN_END) {
		ttlog_event_field(event, 0, &field);
		value(out, &field);
	}
	if (csv->has_suppressed)
		put_suppressed(out, ttlog_event_suppressed(event));
	for (unsigned i = 0; i + ttlog_site_first_field(site) < site->nfields; i++) {
		commas(out, order->column[i] + 1 - at);
		at = order->column[i] + 1;
		ttlog_event_field(event, order->field[i], &field);
		value(out, &field);
	}
	commas(out, (uint32_t)csv->column_cnt - at);
	out__text(out, "\r\n");
}

const struct event_output csv_output = {
	.state_bytes = sizeof(struct csv),
	.begin = csv__begin,
	.event = csv__event,
	.fini = csv__fini,
};

/* SPDX-License-Identifier: MIT */
/*
 * Records to columns.
 *
 * While events come in, their numbers and times are stored, and their fields copied as they are. A
 * full chunk is sorted by site (by counting, so events of one site stay in order). Then each field
 * of a site is read for all its events at once: an array of places moves on from field to field.
 *
 * A chunk is full at the wanted bytes of records, if these are many times what the heads of its
 * columns take: each chunk of a file has these, and many sites with few events have many. It is
 * full in any case at 65,536 events, at 1 MiB of records, or if the heads may take 1 MiB: together
 * these keep it below the format's 4 MiB.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ttlog/abi.h"

#include "array.h"
#include "batch_out.h"
#include "catalog.h"
#include "cbor_out.h"
#include "chunk_out.h"
#include "column_out.h"
#include "format.h"
#include "merge.h"
#include "redact.h"
#include "site.h"
#include "value.h"

#define MAX_HEAD_BYTES    (1u << 20)
#define RECORDS_PER_HEAD  32u /* bytes of each */
/* No encoding takes more besides the values than {"scale": column, "units": column}, where each
 * column is {"first": 9 bytes, "delta": tag and head}. Packed bits take more, but save more than
 * that. */
#define COLUMN_HEAD_BYTES 80u
#define NULLS_HEAD_BYTES  16u /* {"nulls": head, "of": column} */
#define SITE_HEAD_BYTES   16u /* [site, count] and the array of columns */

struct chunk_event {
	uint64_t mono_ns;
	uint32_t site, thread; /* numbers in the file */
	const unsigned char *fields;
};

struct chunk_out {
	const struct catalog *catalog;
	struct column_out *column;
	struct batch_out *batches;
	size_t wanted_bytes;
	uint32_t cnt;
	size_t fields_bytes; /* in `records` */
	size_t record_bytes, head_bytes;
	size_t site_cap;
	uint32_t *site_cnts;      /* by site */
	uint32_t *starts;         /* by site: where its events start in `order` */
	uint32_t seen_site_cnt;   /* sites with events */
	struct context *contexts; /* by event; NULL: none has had one */
	bool has_contexts;        /* an event of this chunk has one */
	uint64_t *suppressed;     /* by event; NULL: none has had any */
	bool has_suppressed;      /* an event of this chunk has some */

	/* not zeroed */
	struct chunk_event events[FORMAT_CHUNK_MAX_EVENTS];
	unsigned char records[CHUNK_OUT_MAX_BYTES + TTLOG_RECORD_MAX_BYTES]; /* fields */
	/* while it is written */
	uint32_t order[FORMAT_CHUNK_MAX_EVENTS];      /* events by site, then by time */
	uint64_t numbers[FORMAT_CHUNK_MAX_EVENTS];    /* one column */
	struct value values[FORMAT_CHUNK_MAX_EVENTS]; /* one column */
	unsigned char nulls[FORMAT_CHUNK_MAX_EVENTS / 8];
	const unsigned char
		*places[FORMAT_CHUNK_MAX_EVENTS]; /* of one site: each event's next field */
};

struct chunk_out *chunk_out__new(const struct catalog *catalog, size_t wanted_bytes)
{
	struct chunk_out *chunk = malloc(sizeof(*chunk));

	if (!chunk)
		return NULL;
	memset(chunk, 0, offsetof(struct chunk_out, events));
	chunk->wanted_bytes = wanted_bytes;
	chunk->column = column_out__new();
	chunk->batches = batch_out__new();
	if (chunk->column && chunk->batches && !chunk_out__use(chunk, catalog))
		return chunk;
	chunk_out__free(chunk);
	errno = ENOMEM;
	return NULL;
}

int chunk_out__use(struct chunk_out *chunk, const struct catalog *catalog)
{
	const size_t had = chunk->site_cap, cnt = (size_t)catalog->site_cnt + 1;
	size_t cap = had;

	if (array__reserve(chunk->starts, cnt, &cap))
		return -ENOMEM;
	cap = had;
	if (array__reserve(chunk->site_cnts, cnt, &cap))
		return -ENOMEM;
	if (cap > had)
		memset(chunk->site_cnts + had, 0, (cap - had) * sizeof(*chunk->site_cnts));
	chunk->site_cap = cap;
	chunk->catalog = catalog;
	return 0;
}

void chunk_out__free(struct chunk_out *chunk)
{
	if (!chunk)
		return;
	column_out__free(chunk->column);
	batch_out__free(chunk->batches);
	free(chunk->contexts);
	free(chunk->suppressed);
	free(chunk->site_cnts);
	free(chunk->starts);
	free(chunk);
}

/* Without memory for it, the chunk's events have none. */
static void add_context(struct chunk_out *chunk, const struct context *context)
{
	const bool is_set = context__is_set(context);
	struct context *to;

	if (is_set && !chunk->contexts)
		chunk->contexts = calloc(FORMAT_CHUNK_MAX_EVENTS, sizeof(*chunk->contexts));
	if (!chunk->contexts)
		return;
	to = &chunk->contexts[chunk->cnt];
	*to = *context;
	chunk->has_contexts |= is_set;
	if (is_set && (!chunk->cnt || memcmp(to, to - 1, sizeof(*to)) != 0))
		chunk->record_bytes += sizeof(*to);
}

/* Without memory for it, the chunk's events say none. */
static void add_suppressed(struct chunk_out *chunk, uint64_t cnt)
{
	if (cnt && !chunk->suppressed)
		chunk->suppressed = calloc(FORMAT_CHUNK_MAX_EVENTS, sizeof(*chunk->suppressed));
	if (!chunk->suppressed)
		return;
	chunk->suppressed[chunk->cnt] = cnt;
	chunk->has_suppressed |= cnt > 0;
	chunk->record_bytes += cnt ? sizeof(cnt) : 0;
}

void chunk_out__add(struct chunk_out *chunk, const struct merge_record *record)
{
	const struct catalog_site *site = record->site;
	const size_t fields_bytes = record->bytes - sizeof(struct ttlog_record);
	struct chunk_event *event = &chunk->events[chunk->cnt];

	add_context(chunk, &record->context);
	add_suppressed(chunk, record->suppressed);
	chunk->cnt++;
	event->mono_ns = record->mono_ns;
	event->site = site->number;
	event->thread = catalog__thread_number(chunk->catalog, record->thread);
	batch_out__add(chunk->batches, event->thread, record);
	event->fields = chunk->records + chunk->fields_bytes;
	memcpy(chunk->records + chunk->fields_bytes, record->fields, fields_bytes);
	/* in the place of when it began */
	if (site->is_span_end)
		memcpy(chunk->records + chunk->fields_bytes, &record->duration_ns,
		       sizeof(record->duration_ns));
	chunk->fields_bytes += fields_bytes;
	chunk->record_bytes += record->bytes;
	if (!chunk->site_cnts[site->number]++) {
		chunk->seen_site_cnt++;
		chunk->head_bytes += SITE_HEAD_BYTES + (size_t)site->nfields * COLUMN_HEAD_BYTES;
		chunk->head_bytes += (size_t)__builtin_popcount(site->nullable) * NULLS_HEAD_BYTES;
	}
}

bool chunk_out__is_full(const struct chunk_out *chunk)
{
	const size_t head_bytes = chunk->head_bytes + batch_out__first_bytes(chunk->batches);

	return chunk->cnt >= FORMAT_CHUNK_MAX_EVENTS ||
	       chunk->record_bytes >= CHUNK_OUT_MAX_BYTES ||
	       chunk->head_bytes + batch_out__bytes(chunk->batches) >= MAX_HEAD_BYTES ||
	       (chunk->record_bytes >= chunk->wanted_bytes &&
		chunk->record_bytes / RECORDS_PER_HEAD >= head_bytes);
}

size_t chunk_out__cnt(const struct chunk_out *chunk)
{
	return chunk->cnt;
}

uint64_t chunk_out__first_ns(const struct chunk_out *chunk)
{
	return chunk->events[0].mono_ns;
}

uint64_t chunk_out__last_ns(const struct chunk_out *chunk)
{
	return chunk->events[chunk->cnt - 1].mono_ns;
}

static void sort_by_site(struct chunk_out *chunk)
{
	const size_t site_cnt = chunk->catalog->site_cnt;
	uint32_t start = 0;

	for (size_t i = 0; i < site_cnt; i++) {
		chunk->starts[i] = start;
		start += chunk->site_cnts[i];
	}
	for (uint32_t i = 0; i < chunk->cnt; i++)
		chunk->order[chunk->starts[chunk->events[i].site]++] = i;
	/* each start is now its end */
	for (size_t i = 0; i < site_cnt; i++)
		chunk->starts[i] -= chunk->site_cnts[i];
}

/* ---- fields ---- */

/* Reads one number of each event, of that width and sign, and moves the places on. */
#define TAKE_NUMBERS(ctype)                                                                        \
	for (uint32_t i = 0; i < cnt; i++) {                                                       \
		ctype number;                                                                      \
                                                                                                   \
		memcpy(&number, chunk->places[i], sizeof(number));                                 \
		chunk->places[i] += sizeof(number);                                                \
		chunk->numbers[i] = (uint64_t)number;                                              \
	}

static void take_bools(struct chunk_out *chunk, uint32_t cnt)
{
	/* a bool may hold any byte if something went wrong in the program */
	for (uint32_t i = 0; i < cnt; i++)
		chunk->numbers[i] = *chunk->places[i]++ != 0;
}

static void take_numbers(struct chunk_out *chunk, uint32_t cnt, uint8_t type)
{
	switch (type) {
	case TTLOG_TYPE_BOOL:
		take_bools(chunk, cnt);
		break;
	case TTLOG_TYPE_I8:
		TAKE_NUMBERS(int8_t)
		break;
	case TTLOG_TYPE_CHAR:
	case TTLOG_TYPE_U8:
		TAKE_NUMBERS(uint8_t)
		break;
	case TTLOG_TYPE_I16:
		TAKE_NUMBERS(int16_t)
		break;
	case TTLOG_TYPE_U16:
		TAKE_NUMBERS(uint16_t)
		break;
	case TTLOG_TYPE_I32:
		TAKE_NUMBERS(int32_t)
		break;
	case TTLOG_TYPE_U32:
	case TTLOG_TYPE_F32:
		TAKE_NUMBERS(uint32_t)
		break;
	default:
		TAKE_NUMBERS(uint64_t)
		break;
	}
}

/* Strings, byte sequences, decimals. */
static void take_values(struct chunk_out *chunk, uint32_t cnt, uint8_t type)
{
	/* no length can be wrong: the catalog has checked that they fit */
	for (uint32_t i = 0; i < cnt; i++) {
		int taken = value__read(type, chunk->places[i], SIZE_MAX, &chunk->values[i]);

		if (taken > 0)
			chunk->places[i] += taken;
	}
}

static bool is_text(uint8_t type)
{
	return type == TTLOG_TYPE_STR || type == TTLOG_TYPE_BYTES;
}

static bool is_value(uint8_t type)
{
	return is_text(type) || type == TTLOG_TYPE_DECIMAL;
}

/* What was taken: `values` where is_value(), else `numbers`. */
static void put_column(struct chunk_out *chunk, struct cbor_out *out, uint32_t cnt, uint8_t type)
{
	switch (type) {
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_BYTES:
		column_out__texts(chunk->column, out, chunk->values, cnt);
		break;
	case TTLOG_TYPE_DECIMAL:
		column_out__decimals(chunk->column, out, chunk->values, cnt);
		break;
	case TTLOG_TYPE_F32:
	case TTLOG_TYPE_F64:
		column_out__floats(chunk->column, out, chunk->numbers, cnt, type == TTLOG_TYPE_F32);
		break;
	default:
		column_out__ints(chunk->column, out, chunk->numbers, cnt, value__is_signed(type));
		break;
	}
}

static void put_field(struct chunk_out *chunk, struct cbor_out *out, uint32_t cnt, uint8_t type)
{
	if (is_value(type))
		take_values(chunk, cnt, type);
	else
		take_numbers(chunk, cnt, type);
	put_column(chunk, out, cnt, type);
}

static void put_replacement(struct cbor_out *out)
{
	cbor_out__map(out, 1);
	cbor_out__text(out, "const");
	cbor_out__text(out, REDACT_REPLACEMENT);
}

/* The values of a hidden field are passed over. */
static void put_redacted(struct chunk_out *chunk, struct cbor_out *out, uint32_t cnt, uint8_t type)
{
	if (value__fixed_bytes(type)) {
		for (uint32_t i = 0; i < cnt; i++)
			chunk->places[i] += value__fixed_bytes(type);
	} else {
		take_values(chunk, cnt, type);
	}
	put_replacement(out);
}

/* ---- fields that may be null ---- */

/* Reads one value of each event that has one. Those of numbers that are null are marked in `nulls`,
 * and get the value before them, or 0: that costs a column nothing. Returns how many are null. */
static uint32_t take_nullable(struct chunk_out *chunk, uint32_t cnt, uint8_t type)
{
	struct value last = { .type = type };
	uint32_t null_cnt = 0;

	memset(chunk->nulls, 0, (cnt + 7) / 8);
	for (uint32_t i = 0; i < cnt; i++) {
		if (*chunk->places[i]++) {
			chunk->places[i] += value__read(type, chunk->places[i], SIZE_MAX, &last);
			chunk->values[i] = last;
			continue;
		}
		chunk->values[i] = is_text(type) ? (struct value){ .type = type, .is_null = true }
						 : last;
		chunk->nulls[i / 8] |= (unsigned char)(1u << i % 8);
		null_cnt++;
	}
	return null_cnt;
}

static uint64_t number_of(const struct value *value)
{
	uint32_t low;

	if (value->type != TTLOG_TYPE_F32)
		return value->u;
	memcpy(&low, &value->f32, sizeof(low));
	return low;
}

static void put_nullable(struct chunk_out *chunk, struct cbor_out *out, uint32_t cnt, uint8_t type,
			 bool is_hidden)
{
	const uint32_t null_cnt = take_nullable(chunk, cnt, type);

	if (is_hidden) {
		put_replacement(out);
		return;
	}
	if (null_cnt && !is_text(type)) {
		cbor_out__map(out, 2);
		cbor_out__text(out, "nulls");
		cbor_out__bytes(out, chunk->nulls, (cnt + 7) / 8);
		cbor_out__text(out, "of");
	}
	for (uint32_t i = 0; i < cnt && !is_value(type); i++)
		chunk->numbers[i] = number_of(&chunk->values[i]);
	put_column(chunk, out, cnt, type);
}

static void put_site_fields(struct chunk_out *chunk, struct cbor_out *out, uint32_t number)
{
	const struct catalog_site *site = chunk->catalog->sites[number];
	const uint32_t *order = chunk->order + chunk->starts[number];
	const uint32_t cnt = chunk->site_cnts[number];

	cbor_out__array(out, site->nfields);
	for (uint32_t i = 0; i < cnt; i++)
		chunk->places[i] = chunk->events[order[i]].fields;
	for (size_t k = 0; k < site->nfields; k++) {
		if (site->nullable >> k & 1)
			put_nullable(chunk, out, cnt, site->types[k], catalog_site__hides(site, k));
		else if (catalog_site__hides(site, k))
			put_redacted(chunk, out, cnt, site->types[k]);
		else
			put_field(chunk, out, cnt, site->types[k]);
	}
}

/* ---- the chunk ---- */

static void put_counts(const struct chunk_out *chunk, struct cbor_out *out)
{
	const uint32_t site_cnt = chunk->catalog->site_cnt;

	cbor_out__array(out, chunk->seen_site_cnt);
	for (uint32_t i = 0; i < site_cnt; i++) {
		if (!chunk->site_cnts[i])
			continue;
		cbor_out__array(out, 2);
		cbor_out__uint(out, i);
		cbor_out__uint(out, chunk->site_cnts[i]);
	}
}

static void put_event_columns(struct chunk_out *chunk, struct cbor_out *out)
{
	uint64_t before_ns = chunk->events[0].mono_ns;

	cbor_out__text(out, "site");
	for (uint32_t i = 0; i < chunk->cnt; i++)
		chunk->numbers[i] = chunk->events[i].site;
	column_out__ints(chunk->column, out, chunk->numbers, chunk->cnt, false);

	cbor_out__text(out, "time");
	for (uint32_t i = 0; i < chunk->cnt; i++) {
		chunk->numbers[i] = chunk->events[i].mono_ns - before_ns;
		before_ns = chunk->events[i].mono_ns;
	}
	column_out__ints(chunk->column, out, chunk->numbers, chunk->cnt, false);

	cbor_out__text(out, "thread");
	for (uint32_t i = 0; i < chunk->cnt; i++)
		chunk->numbers[i] = chunk->events[i].thread;
	column_out__ints(chunk->column, out, chunk->numbers, chunk->cnt, false);
}

static void put_ids(struct chunk_out *chunk, struct cbor_out *out, size_t offset, uint32_t len)
{
	for (uint32_t i = 0; i < chunk->cnt; i++)
		chunk->values[i] = (struct value){
			.type = TTLOG_TYPE_BYTES,
			.is_null = !context__is_set(&chunk->contexts[i]),
			.bytes = (const unsigned char *)&chunk->contexts[i] + offset,
			.len = context__is_set(&chunk->contexts[i]) ? len : 0,
		};
	column_out__texts(chunk->column, out, chunk->values, chunk->cnt);
}

static void put_contexts(struct chunk_out *chunk, struct cbor_out *out)
{
	cbor_out__text(out, "trace_id");
	put_ids(chunk, out, offsetof(struct context, trace_id), FORMAT_TRACE_ID_BYTES);
	cbor_out__text(out, "span_id");
	put_ids(chunk, out, offsetof(struct context, span_id), FORMAT_SPAN_ID_BYTES);
}

void chunk_out__reset(struct chunk_out *chunk)
{
	batch_out__reset(chunk->batches);
	memset(chunk->site_cnts, 0, chunk->site_cap * sizeof(*chunk->site_cnts));
	chunk->cnt = chunk->seen_site_cnt = 0;
	chunk->has_contexts = chunk->has_suppressed = false;
	chunk->fields_bytes = chunk->record_bytes = chunk->head_bytes = 0;
}

void chunk_out__put(struct chunk_out *chunk, struct cbor_out *out)
{
	const size_t site_cnt = chunk->catalog->site_cnt;
	const bool has_batches = batch_out__is_whole(chunk->batches);

	sort_by_site(chunk);
	cbor_out__map(out, 9 + has_batches + (chunk->has_contexts ? 2 : 0) + chunk->has_suppressed);
	cbor_out__text(out, "item");
	cbor_out__text(out, "chunk");
	cbor_out__text(out, "n");
	cbor_out__uint(out, chunk->cnt);
	cbor_out__text(out, "first_ns");
	cbor_out__uint(out, chunk_out__first_ns(chunk));
	cbor_out__text(out, "last_ns");
	cbor_out__uint(out, chunk_out__last_ns(chunk));
	cbor_out__text(out, "count");
	put_counts(chunk, out);
	put_event_columns(chunk, out);
	if (has_batches) {
		cbor_out__text(out, "batches");
		batch_out__put(chunk->batches, chunk->column, chunk->numbers, out);
	}
	if (chunk->has_contexts)
		put_contexts(chunk, out);
	if (chunk->has_suppressed) {
		cbor_out__text(out, "suppressed");
		column_out__ints(chunk->column, out, chunk->suppressed, chunk->cnt, false);
	}
	cbor_out__text(out, "fields");
	cbor_out__array(out, chunk->seen_site_cnt);
	for (uint32_t i = 0; i < site_cnt; i++)
		if (chunk->site_cnts[i])
			put_site_fields(chunk, out, i);
	chunk_out__reset(chunk);
}

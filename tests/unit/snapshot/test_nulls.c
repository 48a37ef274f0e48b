/* SPDX-License-Identifier: MIT */
/* Records of foreign sites: numbers that may be null, and the end of a span with `ret`. */
#include "snapshot_fixture.h"

#include "catalog.h"
#include "lost.h"
#include "merge.h"
#include "record_filter.h"
#include "redact.h"

#define FOREIGN_SITE 20u
#define FN_SITE      24u
#define FIELDS       15u
#define EVENTS       40u

static const uint8_t types[FIELDS] = {
	TTLOG_TYPE_BOOL, TTLOG_TYPE_CHAR, TTLOG_TYPE_I8,      TTLOG_TYPE_U8,  TTLOG_TYPE_I16,
	TTLOG_TYPE_U16,  TTLOG_TYPE_I32,  TTLOG_TYPE_U32,     TTLOG_TYPE_I64, TTLOG_TYPE_U64,
	TTLOG_TYPE_F32,  TTLOG_TYPE_F64,  TTLOG_TYPE_DECIMAL, TTLOG_TYPE_STR, TTLOG_TYPE_HEX,
};

static void add_sites(struct fixture *fixture)
{
	struct site *site;

	site = make__site(fixture->table, FOREIGN_SITE, "foreign", TTLOG_LEVEL_INFO,
			  TTLOG_SITE_EVENT, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o", types);
	site->nullable = (1u << FIELDS) - 1;
	site = make__site(fixture->table, FN_SITE, "fn", TTLOG_LEVEL_INFO, TTLOG_SITE_SPAN, "n",
			  types + 6);
	site->nullable = 1;
	site->ret_type = TTLOG_TYPE_I32;
	site->ret_key = "ret";
}

static bool is_null(uint32_t event, size_t field)
{
	return (event * 7 + field * 5) % 3 == 0;
}

static void put_nullable(struct make_batch *batch, bool null, const void *value, size_t bytes)
{
	make__put(batch, &(uint8_t){ !null }, 1);
	if (!null)
		make__put(batch, value, bytes);
}

/* Small integers, whose bytes are also those of a larger type, and 1 for a bool. */
static void put_value(struct make_batch *batch, uint8_t type, uint32_t event, bool null)
{
	const uint64_t whole = type == TTLOG_TYPE_BOOL ? 1 : event;
	const unsigned char decimal[9] = { (unsigned char)event, [8] = 2 };
	const float f32 = (float)event;
	const double f64 = (double)event;
	size_t bytes = 8;

	if (type == TTLOG_TYPE_STR)
		put_nullable(batch, null, "\2\0ab", 4);
	else if (type == TTLOG_TYPE_DECIMAL)
		put_nullable(batch, null, decimal, sizeof(decimal));
	else if (type == TTLOG_TYPE_F32)
		put_nullable(batch, null, &f32, sizeof(f32));
	else if (type == TTLOG_TYPE_F64)
		put_nullable(batch, null, &f64, sizeof(f64));
	else {
		if (type == TTLOG_TYPE_BOOL || type == TTLOG_TYPE_CHAR || type == TTLOG_TYPE_I8 ||
		    type == TTLOG_TYPE_U8)
			bytes = 1;
		else if (type == TTLOG_TYPE_I16 || type == TTLOG_TYPE_U16)
			bytes = 2;
		else if (type == TTLOG_TYPE_I32 || type == TTLOG_TYPE_U32)
			bytes = 4;
		put_nullable(batch, null, &whole, bytes);
	}
}

static void write_foreign(struct fixture *fixture, bool all_null)
{
	for (uint32_t i = 0; i < EVENTS; i++) {
		make__begin(&fixture->batch, FOREIGN_SITE, i * 10);
		for (size_t k = 0; k < FIELDS; k++)
			put_value(&fixture->batch, types[k], i, all_null || is_null(i, k));
		make__end(&fixture->batch);
	}
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
}

static const cbor_item_t *columns_of(const struct fixture *fixture, size_t group)
{
	return decode__at(decode__get(fixture->items[1], "fields"), group);
}

static bool null_at(const cbor_item_t *column, size_t i, size_t cnt)
{
	const cbor_item_t *nulls = decode__get(column, "nulls");

	assert_non_null(nulls);
	assert_int_equal(cbor_bytestring_length(nulls), (cnt + 7) / 8);
	return cbor_bytestring_handle(nulls)[i / 8] >> i % 8 & 1;
}

static void assert_value(const cbor_item_t *of, uint8_t type, uint32_t i)
{
	const float f32 = (float)i;
	const double f64 = (double)i;
	uint64_t scale, bits;
	uint32_t low;

	memcpy(&low, &f32, sizeof(low));
	memcpy(&bits, &f64, sizeof(bits));
	if (type == TTLOG_TYPE_F32)
		assert_int_equal(decode__column_float(of, i, EVENTS, true), low);
	else if (type == TTLOG_TYPE_F64)
		assert_int_equal(decode__column_float(of, i, EVENTS, false), bits);
	else if (type == TTLOG_TYPE_DECIMAL)
		assert_int_equal(decode__column_decimal(of, i, EVENTS, &scale), i);
	else
		assert_int_equal(decode__column_int(of, i, EVENTS),
				 type == TTLOG_TYPE_BOOL ? 1 : i);
}

static void test_nulls_of_every_type(void **state)
{
	struct fixture *fixture = *state;

	add_sites(fixture);
	write_foreign(fixture, false);
	write_and_read(fixture);
	assert_int_equal(fixture->events, EVENTS);
	assert_int_equal(get_int(fixture->items[0], "incompatible"), 4);
	for (size_t k = 0; k < FIELDS; k++) {
		const cbor_item_t *column = decode__at(columns_of(fixture, 0), k);

		for (uint32_t i = 0; i < EVENTS; i++) {
			if (types[k] == TTLOG_TYPE_STR) {
				const cbor_item_t *text = decode__column_text(column, i, EVENTS);

				assert_int_equal(cbor_is_null(text), is_null(i, k));
				continue;
			}
			assert_int_equal(null_at(column, i, EVENTS), is_null(i, k));
			if (!is_null(i, k))
				assert_value(decode__get(column, "of"), types[k], i);
		}
	}
}

/* A column of nothing is small. */
static void test_nulls_all(void **state)
{
	struct fixture *fixture = *state;

	add_sites(fixture);
	write_foreign(fixture, true);
	write_and_read(fixture);
	for (size_t k = 0; k < FIELDS; k++) {
		const cbor_item_t *column = decode__at(columns_of(fixture, 0), k);
		const cbor_item_t *of = decode__get(column, "of");

		if (types[k] == TTLOG_TYPE_STR) {
			assert_true(cbor_is_null(decode__get(column, "const")));
			continue;
		}
		for (size_t i = 0; i < EVENTS; i++)
			assert_true(null_at(column, i, EVENTS));
		assert_non_null(decode__get(
			decode__get(of, "units") ? decode__get(of, "units") : of, "const"));
	}
}

/* Only a file with such sites needs a reader that knows them, and only a column with a null has
 * marks. */
static void test_nulls_none(void **state)
{
	struct fixture *fixture = *state;

	add_sites(fixture);
	make__record(&fixture->batch, COUNT_SITE, 1, 5);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
	write_and_read(fixture);
	assert_int_equal(get_int(fixture->items[0], "incompatible"), 0);
	make__begin(&fixture->batch, FN_SITE, 1);
	put_value(&fixture->batch, TTLOG_TYPE_I32, 77, false);
	make__end(&fixture->batch);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 2000, 3000, 2);
	write_and_read(fixture);
	assert_int_equal(get_int(fixture->items[0], "incompatible"), 4);
	assert_null(decode__get(decode__at(columns_of(fixture, 1), 0), "nulls"));
}

static void write_spans(struct fixture *fixture, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		make__begin(&fixture->batch, FN_SITE, 100 * i);
		put_value(&fixture->batch, TTLOG_TYPE_I32, i, i % 2);
		make__end(&fixture->batch);
		make__begin(&fixture->batch, FN_SITE + 1, 100 * i + 30 + i);
		make__put_u64(&fixture->batch, 1000 + 100 * i);
		put_value(&fixture->batch, TTLOG_TYPE_I32, 500 + i, i % 3 == 0);
		make__end(&fixture->batch);
	}
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 5000, 1);
}

static void test_nulls_ret_of_a_span(void **state)
{
	struct fixture *fixture = *state;
	const cbor_item_t *site, *columns;

	add_sites(fixture);
	write_spans(fixture, 12);
	write_and_read(fixture);
	assert_int_equal(fixture->events, 24);
	site = decode__at(decode__get(fixture->items[0], "sites"), 1);
	assert_text(site, "kind", "span_end");
	assert_true(decode__is_text(decode__at(decode__get(site, "keys"), 0), "duration_ns"));
	assert_true(decode__is_text(decode__at(decode__get(site, "keys"), 1), "ret"));
	assert_true(decode__is_text(decode__at(decode__get(site, "types"), 1), "i32"));
	columns = columns_of(fixture, 1);
	for (size_t i = 0; i < 12; i++) {
		assert_int_equal(decode__column_int(decode__at(columns, 0), i, 12), 30 + i);
		assert_int_equal(null_at(decode__at(columns, 1), i, 12), i % 3 == 0);
		if (i % 3)
			assert_int_equal(decode__column_int(
						 decode__get(decode__at(columns, 1), "of"), i, 12),
					 500 + i);
	}
}

static void test_nulls_hidden(void **state)
{
	struct fixture *fixture = *state;
	struct redact redact = { 0 };
	const cbor_item_t *columns;
	char why[128];

	add_sites(fixture);
	write_spans(fixture, 12);
	assert_int_equal(redact__add(&redact, "ret,n", why, sizeof(why)), 0);
	fixture->source.redact = &redact;
	write_and_read(fixture);
	columns = columns_of(fixture, 0);
	assert_true(decode__is_text(decode__get(decode__at(columns, 0), "const"), "(redacted)"));
	columns = columns_of(fixture, 1);
	assert_int_equal(decode__column_int(decode__at(columns, 0), 3, 12), 33);
	assert_true(decode__is_text(decode__get(decode__at(columns, 1), "const"), "(redacted)"));
	redact__fini(&redact);
}

/* A byte that is neither 0 nor 1, a value that is cut off, and one too many. */
static void test_nulls_bad_records(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = { { "\2\0\0\0\0", 5 }, { "\1\0\0", 3 }, { "", 0 }, { "\0\0\0\0\0\0\0\0", 8 } };
	struct fixture *fixture = *state;

	add_sites(fixture);
	for (size_t i = 0; i < 4; i++) {
		make__begin(&fixture->batch, FN_SITE, 10);
		make__put(&fixture->batch, bad[i].bytes, bad[i].len);
		make__end(&fixture->batch);
	}
	make__begin(&fixture->batch, FN_SITE, 20);
	make__put(&fixture->batch, "\0", 1);
	make__end(&fixture->batch);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
	write_and_read(fixture);
	assert_int_equal(fixture->events, 1);
	assert_int_equal(fixture->corrupt, 4);
}

/* The journal keeps what a site has. */
static void test_nulls_outlive_the_collector(void **state)
{
	struct fixture *fixture = *state;
	struct lost_modules modules = { 0 };
	char path[64];
	int fd;

	add_sites(fixture);
	(void)snprintf(path, sizeof(path), "%s/modules", fixture->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_true(site_table__store(fixture->table, 3, fd) >= 0);
	(void)close(fd);
	assert_int_equal(lost_modules__read(&modules, fixture->dir), 0);
	assert_int_equal(modules.cnt, 4);
	assert_int_equal(modules.tables[3]->cnt, fixture->table->cnt);
	for (size_t i = 0; i < fixture->table->cnt; i++) {
		const struct site *site = &modules.tables[3]->sites[i];

		assert_int_equal(site->nullable, fixture->table->sites[i].nullable);
		assert_int_equal(site->ret_type, fixture->table->sites[i].ret_type);
		if (site->ret_type)
			assert_string_equal(site->ret_key, "ret");
	}
	/* its records are what they were */
	fixture->modules[0] = modules.tables[3];
	write_spans(fixture, 2);
	write_and_read(fixture);
	assert_int_equal(fixture->events, 4);
	lost_modules__fini(&modules);
}

static bool matches(const struct fixture *fixture, uint32_t index, const char *fields, size_t len,
		    const char *expression)
{
	struct catalog_site site;
	const struct site *of = &fixture->table->sites[fixture->table->cnt - 1];
	struct record_filter *filter;
	char why[512];
	bool yes;

	assert_true(catalog_site__init(&site, of, index > of->index));
	filter = record_filter__new(expression, strlen(expression) + 1, 0, why, sizeof(why));
	assert_non_null(filter);
	yes = record_filter__matches(
		filter,
		&(const struct record_facts){
			.record =
				&(const struct merge_record){
					.site = &site,
					.duration_ns = 500,
					.fields = (const unsigned char *)fields,
					.bytes = (uint32_t)(sizeof(struct ttlog_record) + len),
				},
			.thread = &fixture->threads[0],
		});
	record_filter__free(filter);
	return yes;
}

static void test_nulls_in_a_filter(void **state)
{
	struct fixture *fixture = *state;

	add_sites(fixture);
#define MATCHES(index, fields, expression)                                                         \
	matches(fixture, index, fields, sizeof(fields) - 1, expression)
	assert_true(MATCHES(FN_SITE, "\1\5\0\0\0\0\0\0", "n=5"));
	assert_false(MATCHES(FN_SITE, "\0\0\0\0", "n=5"));
	assert_false(MATCHES(FN_SITE, "\0\0\0\0", "n<5"));
	assert_false(MATCHES(FN_SITE, "\0\0\0\0", "n=0"));
	assert_true(MATCHES(FN_SITE, "\0\0\0\0", "n=null"));
	assert_true(MATCHES(FN_SITE, "\0\0\0\0", "has(n)"));
	assert_true(MATCHES(FN_SITE + 1, "12345678\1\7\0\0\0\0\0\0", "ret=7"));
	assert_true(MATCHES(FN_SITE + 1, "12345678\1\7\0\0\0\0\0\0", "took=500ns"));
	assert_true(MATCHES(FN_SITE + 1, "12345678\1\7\0\0\0\0\0\0", "duration_ns=500"));
	assert_false(MATCHES(FN_SITE + 1, "12345678\1\7\0\0\0\0\0\0", "duration_ns=7"));
	assert_false(MATCHES(FN_SITE + 1, "12345678\0\0\0\0", "ret=7"));
	assert_true(MATCHES(FN_SITE + 1, "12345678\0\0\0\0", "duration_ns=500 and ret=null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_nulls_of_every_type),
		CASE(test_nulls_all),
		CASE(test_nulls_none),
		CASE(test_nulls_ret_of_a_span),
		CASE(test_nulls_hidden),
		CASE(test_nulls_bad_records),
		CASE(test_nulls_outlive_the_collector),
		CASE(test_nulls_in_a_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

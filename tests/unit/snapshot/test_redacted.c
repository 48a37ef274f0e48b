/* SPDX-License-Identifier: MIT */
/* Fields whose values are hidden, of each type in turn: all others are as they were. */
#include "snapshot_fixture.h"

#include "redact.h"

#define EVENTS 20

static void hide(struct fixture *fixture, struct redact *redact, const char *list)
{
	char why[128];

	assert_int_equal(redact__add(redact, list, why, sizeof(why)), 0);
	fixture->source.redact = redact;
}

static void write_events(struct fixture *fixture)
{
	for (int64_t i = 0; i < EVENTS; i++)
		make_all(&fixture->batch, (uint32_t)i * 10, i);
	make__flush(&fixture->batch, fixture->ring, 0, 0, 1000, 2000, 1);
}

static const cbor_item_t *site_of(const struct fixture *fixture)
{
	return decode__at(decode__get(fixture->items[0], "sites"), 0);
}

static const cbor_item_t *columns_of(const struct fixture *fixture)
{
	return decode__at(decode__get(fixture->items[1], "fields"), 0);
}

/* The first and the last field, which have values on both sides of all others. */
static void assert_others(const cbor_item_t *columns, size_t hidden)
{
	for (size_t i = 0; i < EVENTS; i++) {
		if (hidden != 0)
			assert_int_equal(decode__column_int(decode__at(columns, 0), i, EVENTS),
					 i % 2);
		if (hidden != 5)
			assert_int_equal(decode__column_int(decode__at(columns, 5), i, EVENTS),
					 INT64_MIN + (int64_t)i);
		if (hidden != 6)
			assert_int_equal(decode__column_int(decode__at(columns, 6), i, EVENTS),
					 UINT64_MAX - i);
	}
}

static void test_redacted_field_of_each_type(void **state)
{
	static const char *const keys[] = { "bool", "char",  "i8",  "u16",    "i32", "i64",
					    "u64",  "f32",   "f64", "ptr",    "str", "null",
					    "cut",  "bytes", "hex", "decimal" };
	struct fixture *fixture = *state;

	write_events(fixture);
	for (size_t k = 0; k < 16; k++) {
		struct redact redact = { 0 };
		cbor_item_t *column, *places;

		hide(fixture, &redact, keys[k]);
		write_and_read(fixture);
		assert_int_equal(fixture->events, EVENTS);
		column = decode__at(columns_of(fixture), k);
		assert_int_equal(cbor_map_size(column), 1);
		assert_true(decode__is_text(decode__get(column, "const"), "(redacted)"));
		assert_true(decode__is_text(decode__at(decode__get(site_of(fixture), "types"), k),
					    "str"));
		assert_true(decode__is_text(decode__at(decode__get(site_of(fixture), "keys"), k),
					    keys[k]));
		places = decode__get(site_of(fixture), "redacted");
		assert_int_equal(cbor_array_size(places), 1);
		assert_int_equal(decode__int(decode__at(places, 0)), k);
		assert_others(columns_of(fixture), k);
		redact__fini(&redact);
	}
}

static void test_redacted_fields_by_a_glob(void **state)
{
	struct fixture *fixture = *state;
	struct redact redact = { 0 };
	cbor_item_t *places;

	write_events(fixture);
	hide(fixture, &redact, "*");
	write_and_read(fixture);
	places = decode__get(site_of(fixture), "redacted");
	assert_int_equal(cbor_array_size(places), 16);
	for (size_t k = 0; k < 16; k++) {
		assert_int_equal(decode__int(decode__at(places, k)), k);
		assert_true(decode__is_text(
			decode__get(decode__at(columns_of(fixture), k), "const"), "(redacted)"));
	}
	redact__fini(&redact);
}

/* How long a span took is no value of the program's. */
static void test_redacted_span_keeps_its_duration(void **state)
{
	struct fixture *fixture = *state;
	struct redact redact = { 0 };
	const cbor_item_t *sites;

	make__record(&fixture->batch, SPAN_SITE, 1, 5);
	make__record(&fixture->batch, SPAN_SITE + 1, 9, 1001);
	make__flush(&fixture->batch, fixture->ring, 3, 0, 1000, 2000, 1);
	hide(fixture, &redact, "*");
	write_and_read(fixture);
	sites = decode__get(fixture->items[0], "sites");
	assert_int_equal(cbor_array_size(sites), 2);
	assert_non_null(decode__get(decode__at(sites, 0), "redacted"));
	assert_null(decode__get(decode__at(sites, 1), "redacted"));
	assert_true(
		decode__is_text(decode__at(decode__get(decode__at(sites, 1), "types"), 0), "u64"));
	redact__fini(&redact);
}

static void test_redacted_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct redact redact = { 0 };

	write_events(fixture);
	hide(fixture, &redact, "other,i6?x");
	write_and_read(fixture);
	assert_null(decode__get(site_of(fixture), "redacted"));
	assert_others(columns_of(fixture), 99);
	redact__fini(&redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_redacted_field_of_each_type),
		CASE(test_redacted_fields_by_a_glob),
		CASE(test_redacted_span_keeps_its_duration),
		CASE(test_redacted_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

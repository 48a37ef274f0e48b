/* SPDX-License-Identifier: MIT */
/* Columns: each encoding is chosen in the right case, and every value comes back bit for bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cbor_out.h"
#include "column_out.h"
#include "snapshot/decode.h"
#include "value.h"

#define MAX_CNT 5000u

struct fixture {
	struct column_out *column;
	struct cbor_out out;
	cbor_item_t *item;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->column = column_out__new();
	*state = fixture;
	return fixture->column ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->item)
		cbor_decref(&fixture->item);
	cbor_out__fini(&fixture->out);
	column_out__free(fixture->column);
	free(fixture);
	return 0;
}

static cbor_item_t *load(struct fixture *fixture)
{
	struct cbor_load_result result;

	assert_int_equal(fixture->out.error, 0);
	if (fixture->item)
		cbor_decref(&fixture->item);
	fixture->item = cbor_load(fixture->out.bytes, fixture->out.len, &result);
	assert_non_null(fixture->item);
	assert_int_equal(result.read, fixture->out.len);
	cbor_out__reset(&fixture->out);
	return fixture->item;
}

static cbor_item_t *check_ints(struct fixture *fixture, const uint64_t *values, size_t cnt,
			       bool is_signed)
{
	cbor_item_t *item;

	column_out__ints(fixture->column, &fixture->out, values, cnt, is_signed);
	item = load(fixture);
	for (size_t i = 0; i < cnt; i++)
		assert_true(decode__column_int(item, i, cnt) == values[i]);
	return item;
}

static void test_column_out_ints_take_the_narrowest_array(void **state)
{
	static const struct {
		uint64_t a, b;
		bool is_signed;
		unsigned int tag;
	} cases[] = {
		{ 0, 255, false, FORMAT_TAG_U8 },
		{ 0, 256, false, FORMAT_TAG_U16 },
		{ 1, 65536, false, FORMAT_TAG_U32 },
		{ 1, UINT64_C(1) << 32, false, FORMAT_TAG_U64 },
		{ 0, UINT64_MAX, false, FORMAT_TAG_U64 },
		{ 0, 255, true, FORMAT_TAG_U8 },
		{ (uint64_t)-128, 127, true, FORMAT_TAG_I8 },
		{ (uint64_t)-129, 127, true, FORMAT_TAG_I16 },
		{ (uint64_t)-1, 128, true, FORMAT_TAG_I16 },
		{ (uint64_t)-1, 32768, true, FORMAT_TAG_I32 },
		{ (uint64_t)INT64_MIN, INT64_MAX, true, FORMAT_TAG_I64 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint64_t values[] = { cases[i].a, cases[i].b, cases[i].b };
		cbor_item_t *item = check_ints(*state, values, 3, cases[i].is_signed);

		assert_true(cbor_isa_tag(item));
		assert_int_equal(cbor_tag_value(item), cases[i].tag);
	}
}

static void test_column_out_ints_of_one_value(void **state)
{
	const uint64_t values[] = { (uint64_t)-5, (uint64_t)-5, (uint64_t)-5 };
	cbor_item_t *item;

	item = check_ints(*state, values, 3, true);
	assert_true(cbor_isa_negint(decode__get(item, "const")));
	item = check_ints(*state, values, 3, false);
	assert_true(cbor_isa_uint(decode__get(item, "const")));
	item = check_ints(*state, values, 1, true);
	assert_non_null(decode__get(item, "const"));
}

static void test_column_out_ints_take_differences(void **state)
{
	uint64_t values[1000];
	cbor_item_t *item;

	/* a clock in large units: small differences in both directions */
	for (uint64_t i = 0; i < 1000; i++)
		values[i] = UINT64_C(1700000000000000000) + i * 20 - i * i % 37;
	item = check_ints(*state, values, 1000, false);
	assert_int_equal(cbor_tag_value(decode__get(item, "delta")), FORMAT_TAG_I8);
	/* one step, in equally wide differences: LZ4 can't compress it */
	for (uint64_t i = 0; i < 1000; i++)
		values[i] = i * 60;
	item = check_ints(*state, values, 1000, false);
	assert_non_null(decode__get(item, "delta"));
	/* differences that overflow */
	for (uint64_t i = 0; i < 1000; i++)
		values[i] = UINT64_MAX - 2 + i;
	item = check_ints(*state, values, 1000, false);
	assert_non_null(decode__get(item, "delta"));
	for (uint64_t i = 0; i < 1000; i++)
		values[i] = i % 2 ? (uint64_t)INT64_MAX : (uint64_t)INT64_MIN;
	(void)check_ints(*state, values, 1000, true);
}

/* Bits that LZ4 can't compress. */
static uint64_t noise_of(uint64_t i)
{
	i = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	i = (i ^ i >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return i ^ i >> 27;
}

static void test_column_out_ints_pack_noise(void **state)
{
	static const uint64_t BASES[] = { 0, 1000, (uint64_t)-77, (uint64_t)INT64_MIN };
	uint64_t values[1003];
	cbor_item_t *item;

	for (unsigned int bits = 1; bits <= 64; bits++) {
		for (size_t b = 0; b < sizeof(BASES) / sizeof(BASES[0]); b++) {
			const bool is_signed = b >= 2;
			const size_t cnt = 1003 - bits % 9;

			if (bits > 62)
				break; /* with the base some values would wrap */
			for (size_t i = 0; i < cnt; i++)
				values[i] = BASES[b] + (noise_of(i) >> (64 - bits));
			values[7] = BASES[b];
			values[9] = BASES[b] + (UINT64_MAX >> (64 - bits));
			item = check_ints(*state, values, cnt, is_signed);
			/* values of 8, 16 and 32 bits from 0 on are whole bytes already */
			if (bits > 56 || (b == 0 && !(bits & (bits - 1)) && bits >= 8)) {
				assert_true(cbor_isa_tag(item));
				continue;
			}
			assert_int_equal(decode__int(decode__get(item, "bits")), bits);
			assert_true(decode__int(decode__get(item, "base")) == BASES[b]);
		}
	}
	/* too few values to pay for the map */
	for (size_t i = 0; i < 20; i++)
		values[i] = noise_of(i) % 64;
	assert_true(cbor_isa_tag(check_ints(*state, values, 20, false)));
}

static void test_column_out_ints_pack_differences(void **state)
{
	uint64_t values[1000] = { UINT64_C(1) << 60 };
	cbor_item_t *item;

	for (size_t i = 1; i < 1000; i++)
		values[i] = values[i - 1] + (i == 500 ? 0 : noise_of(i) % 999 + 1) - 300;
	item = check_ints(*state, values, 1000, false);
	item = decode__get(item, "delta");
	assert_int_equal(decode__int(decode__get(item, "bits")), 10);
	assert_int_equal((int64_t)decode__int(decode__get(item, "base")), -300);
}

/* Whole bytes that repeat take less than bits. */
static void test_column_out_ints_leave_patterns_to_lz4(void **state)
{
	uint64_t values[2000];

	for (size_t i = 0; i < 2000; i++)
		values[i] = noise_of(i % 50) % 3000;
	assert_true(cbor_isa_tag(check_ints(*state, values, 2000, false)));
	for (size_t i = 0; i < 2000; i++)
		values[i] = i % 700 ? 3 : 1000;
	assert_true(cbor_isa_tag(check_ints(*state, values, 2000, true)));
}

static cbor_item_t *check_doubles(struct fixture *fixture, const double *values, size_t cnt)
{
	uint64_t bits[MAX_CNT];
	cbor_item_t *item;

	memcpy(bits, values, cnt * sizeof(*bits));
	column_out__floats(fixture->column, &fixture->out, bits, cnt, false);
	item = load(fixture);
	for (size_t i = 0; i < cnt; i++)
		assert_true(decode__column_float(item, i, cnt, false) == bits[i]);
	return item;
}

static cbor_item_t *check_floats(struct fixture *fixture, const float *values, size_t cnt)
{
	uint64_t bits[MAX_CNT];
	cbor_item_t *item;
	uint32_t low;

	for (size_t i = 0; i < cnt; i++) {
		memcpy(&low, &values[i], sizeof(low));
		bits[i] = low;
	}
	column_out__floats(fixture->column, &fixture->out, bits, cnt, true);
	item = load(fixture);
	for (size_t i = 0; i < cnt; i++)
		assert_true(decode__column_float(item, i, cnt, true) == bits[i]);
	return item;
}

static void test_column_out_floats_as_decimals(void **state)
{
	static const double prices[] = { 150.25, 99.9, 0.01, -3.0, 1e6 };
	static const double tiny[] = { 1e-22, 3e-22 };
	static const float floats[] = { 0.1f, -2.75f, 1000.0f };
	cbor_item_t *item;

	item = check_doubles(*state, prices, 5);
	assert_int_equal(decode__int(decode__get(item, "scale")), 2);
	item = check_doubles(*state, tiny, 2);
	assert_int_equal(decode__int(decode__get(item, "scale")), 22);
	/* 0.1f read as a float is 0.1: one decimal, not the 27 of its double */
	item = check_floats(*state, floats + 0, 3);
	assert_true(cbor_isa_tag(item)); /* 100000 units take as much room as the float */
	item = check_floats(*state, floats, 2);
	assert_int_equal(decode__int(decode__get(item, "scale")), 2);
}

static void test_column_out_floats_keep_what_decimals_lose(void **state)
{
	static const double zeros[] = { 0.0, -0.0, 1.5 };
	static const double infinities[] = { 1.0, INFINITY, -INFINITY };
	static const double irrational[] = { 0.1 + 0.2, 3.14159265358979, 1e300, 5e-324 };
	static const float nan_floats[] = { 1.0f, NAN };
	double nans[] = { NAN, NAN };
	uint64_t payload = UINT64_C(0x7ff8000000001234);
	cbor_item_t *item;

	assert_true(cbor_isa_tag(check_doubles(*state, zeros, 3)));
	assert_true(cbor_isa_tag(check_doubles(*state, infinities, 3)));
	assert_true(cbor_isa_tag(check_doubles(*state, irrational, 4)));
	assert_true(cbor_isa_tag(check_floats(*state, nan_floats, 2)));
	memcpy(&nans[0], &payload, sizeof(payload));
	memcpy(&nans[1], &payload, sizeof(payload));
	assert_true(cbor_isa_tag(check_doubles(*state, nans, 2)));
	item = check_doubles(*state, zeros + 1, 1);
	assert_non_null(decode__get(item, "const"));
	item = check_doubles(*state, infinities + 1, 1);
	assert_non_null(decode__get(item, "const"));
}

static void test_column_out_floats_of_all_kinds_come_back(void **state)
{
	static const double scales[] = { 1, 10, 1000, 1e9, 3, 7e-5 };
	double values[400];
	float floats[400];

	for (size_t k = 0; k < sizeof(scales) / sizeof(scales[0]); k++) {
		for (size_t i = 0; i < 400; i++) {
			values[i] = ((double)(i * 7919 % 10007) - 5000) / scales[k];
			floats[i] = (float)values[i];
		}
		(void)check_doubles(*state, values, 400);
		(void)check_floats(*state, floats, 400);
	}
}

static void test_column_out_decimals(void **state)
{
	struct fixture *fixture = *state;
	struct value values[100];
	cbor_item_t *item;
	uint64_t scale;

	for (int varied = 0; varied < 2; varied++) {
		for (size_t i = 0; i < 100; i++)
			values[i] = (struct value){ .type = TTLOG_TYPE_DECIMAL,
						    .i = (int64_t)i * 1001 - 50000,
						    .scale = varied ? (uint8_t)(i * 2) : 255 };
		column_out__decimals(fixture->column, &fixture->out, values, 100);
		item = load(fixture);
		assert_int_equal(cbor_is_int(decode__get(item, "scale")), !varied);
		for (size_t i = 0; i < 100; i++) {
			assert_int_equal(decode__column_decimal(item, i, 100, &scale), values[i].i);
			assert_int_equal(scale, values[i].scale);
		}
	}
}

static struct value text_of(const char *text)
{
	return (struct value){ .type = TTLOG_TYPE_STR,
			       .len = (uint32_t)strlen(text),
			       .bytes = (const unsigned char *)text };
}

static void check_text(const cbor_item_t *item, const struct value *value)
{
	if (value->is_null) {
		assert_true(cbor_is_null(item));
		return;
	}
	if (value->is_cut) {
		assert_true(cbor_isa_array(item));
		assert_int_equal(cbor_array_size(item), 1);
		item = decode__at(item, 0);
	}
	if (cbor_isa_string(item)) {
		assert_int_equal(cbor_string_length(item), value->len);
		assert_memory_equal(cbor_string_handle(item), value->bytes, value->len);
	} else {
		assert_true(cbor_isa_bytestring(item));
		assert_int_equal(cbor_bytestring_length(item), value->len);
		assert_memory_equal(cbor_bytestring_handle(item), value->bytes, value->len);
	}
}

static cbor_item_t *check_texts(struct fixture *fixture, const struct value *values, size_t cnt)
{
	cbor_item_t *item;

	column_out__texts(fixture->column, &fixture->out, values, cnt);
	item = load(fixture);
	for (size_t i = 0; i < cnt; i++)
		check_text(decode__column_text(item, i, cnt), &values[i]);
	return item;
}

static void test_column_out_texts_const_dictionary_list(void **state)
{
	static char names[MAX_CNT][16];
	struct value values[MAX_CNT];
	cbor_item_t *item;

	for (size_t i = 0; i < MAX_CNT; i++)
		values[i] = text_of("AAPL");
	item = check_texts(*state, values, MAX_CNT);
	assert_non_null(decode__get(item, "const"));

	for (size_t i = 0; i < MAX_CNT; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "symbol %zu", i % 300);
		values[i] = text_of(names[i]);
	}
	item = check_texts(*state, values, MAX_CNT);
	assert_non_null(decode__get(item, "index"));
	assert_int_equal(cbor_array_size(decode__get(item, "values")), 300);

	for (size_t i = 0; i < MAX_CNT; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "request %zu", i);
		values[i] = text_of(names[i]);
	}
	item = check_texts(*state, values, MAX_CNT);
	assert_null(decode__get(item, "index"));
	item = check_texts(*state, values, 500);
	assert_null(decode__get(item, "index"));
}

static void test_column_out_texts_of_every_kind(void **state)
{
	struct value values[10];
	cbor_item_t *item;

	values[0] = text_of("plain");
	values[1] = text_of("");
	values[2] = (struct value){ .type = TTLOG_TYPE_STR, .is_null = true };
	values[2].bytes = values[0].bytes;
	values[3] = text_of("cut off her");
	values[3].is_cut = true;
	values[4] = text_of("cut off her"); /* the same bytes, and another value */
	values[5] = text_of("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	values[6] = text_of("latin \xe9 one");
	values[7] = text_of("\xed\xa0\x80"); /* a surrogate */
	values[8] = text_of("\xc0\xaf");     /* overlong */
	values[9] = text_of("cut in \xe2\x82");
	values[9].is_cut = true;
	item = check_texts(*state, values, 10);
	assert_true(cbor_isa_string(decode__column_text(item, 5, 10)));
	for (size_t i = 6; i < 9; i++)
		assert_true(cbor_isa_bytestring(decode__column_text(item, i, 10)));
	assert_true(cbor_isa_bytestring(decode__at(decode__column_text(item, 9, 10), 0)));

	for (size_t i = 0; i < 10; i++)
		values[i].type = TTLOG_TYPE_BYTES;
	item = check_texts(*state, values, 10);
	assert_true(cbor_isa_bytestring(decode__column_text(item, 0, 10)));
	item = check_texts(*state, values + 2, 1);
	assert_true(cbor_is_null(decode__get(item, "const")));
}

static void test_column_out_buffer_replaces_bad_text(void **state)
{
	struct fixture *fixture = *state;

	cbor_out__text(&fixture->out, "a\xff\xfe z");
	assert_true(decode__is_text(load(fixture), "a\xef\xbf\xbd\xef\xbf\xbd z"));
	cbor_out__text(&fixture->out, "");
	assert_true(decode__is_text(load(fixture), ""));
	cbor_out__hex_text(&fixture->out, 0xdeadbeef);
	assert_true(decode__is_text(load(fixture), "0xdeadbeef"));
	cbor_out__int(&fixture->out, INT64_MIN);
	assert_true(decode__int(load(fixture)) == (uint64_t)INT64_MIN);
}

static void test_column_out_buffer_fails_once(void **state)
{
	struct fixture *fixture = *state;

	/* more than possible: the error stays, and later calls do no harm */
	assert_null(cbor_out__typed_array(&fixture->out, FORMAT_TAG_U8, SIZE_MAX / 2));
	assert_true(fixture->out.error < 0);
	cbor_out__uint(&fixture->out, 1);
	cbor_out__text(&fixture->out, "text");
	assert_int_equal(fixture->out.len, 0);
	cbor_out__reset(&fixture->out);
	cbor_out__uint(&fixture->out, 1);
	assert_int_equal(decode__int(load(fixture)), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_column_out_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(ints_take_the_narrowest_array),
		TEST(ints_of_one_value),
		TEST(ints_take_differences),
		TEST(ints_pack_noise),
		TEST(ints_pack_differences),
		TEST(ints_leave_patterns_to_lz4),
		TEST(floats_as_decimals),
		TEST(floats_keep_what_decimals_lose),
		TEST(floats_of_all_kinds_come_back),
		TEST(decimals),
		TEST(texts_const_dictionary_list),
		TEST(texts_of_every_kind),
		TEST(buffer_replaces_bad_text),
		TEST(buffer_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

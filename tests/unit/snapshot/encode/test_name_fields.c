/* SPDX-License-Identifier: MIT */
/* Mangled names in texts of records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "catalog.h"
#include "name_fields.h"
#include "site.h"
#include "value.h"

/* a number that may be null, a name, a text that is none */
static const uint8_t TYPES[] = { TTLOG_TYPE_U32, TTLOG_TYPE_STR, TTLOG_TYPE_STR };
static const struct catalog_site SITE = { .types = TYPES, .nfields = 3, .names = 2, .nullable = 1 };

struct record {
	unsigned char fields[TTLOG_RECORD_MAX_BYTES];
	uint32_t len;
};

static void put(struct record *record, const void *bytes, size_t len)
{
	memcpy(record->fields + record->len, bytes, len);
	record->len += (uint32_t)len;
}

static void put_text(struct record *record, const char *text, uint16_t marks)
{
	const uint16_t word = (uint16_t)(strlen(text) | marks);

	put(record, &word, sizeof(word));
	put(record, text, strlen(text));
}

static struct record make(const char *name, uint16_t marks)
{
	struct record record = { .len = 0 };

	put(&record, "\1\7\0\0", 5);
	put_text(&record, name, marks);
	put_text(&record, "St13runtime_error", 0);
	while (record.len % TTLOG_RECORD_ALIGN)
		put(&record, "", 1);
	return record;
}

/* The name of a record is that text then; all else is as it was. */
static void check_marked(struct name_fields *names, const char *name, const char *want,
			 uint16_t marks)
{
	const struct record record = make(name, marks);
	uint32_t bytes = record.len + sizeof(struct ttlog_record);
	const unsigned char *fields = name_fields__read(names, &SITE, record.fields, &bytes);
	struct value values[TTLOG_MAX_FIELDS];

	assert_int_equal(bytes % TTLOG_RECORD_ALIGN, 0);
	assert_int_equal(value__read_fields(TYPES, 3, 1, fields,
					    bytes - sizeof(struct ttlog_record), values),
			 0);
	assert_int_equal(values[0].u, 7);
	assert_int_equal(values[1].len, strlen(want));
	assert_memory_equal(values[1].bytes, want, strlen(want));
	assert_int_equal(values[1].is_cut, marks != 0);
	assert_int_equal(values[2].len, strlen("St13runtime_error"));
	assert_memory_equal(values[2].bytes, "St13runtime_error", values[2].len);
}

static void check(struct name_fields *names, const char *name, const char *want)
{
	check_marked(names, name, want, 0);
}

static void test_name_fields_readable(void **state)
{
	struct name_fields *names = name_fields__new();

	(void)state;
	assert_non_null(names);
	for (int i = 0; i < 2; i++) {
		check(names, "St16invalid_argument", "std::invalid_argument");
		check(names, "N4shop9bad_orderE", "shop::bad_order");
		check(names, "*N4shop9bad_orderE", "shop::bad_order");
		check(names, "PKc", "char const*");
		check(names, "i", "int");
		check(names, "_ZN4shop4takeEi", "shop::take(int)");
	}
	/* not names */
	check(names, "", "");
	check(names, "no such name", "no such name");
	check(names, "N4shop", "N4shop");
	/* what was cut may read as another name */
	check_marked(names, "N4shop9bad_orderE", "N4shop9bad_orderE", TTLOG_STR_CUT);
	name_fields__free(names);
}

/* More than are kept, and one that stands for a name of megabytes. */
static void test_name_fields_hostile(void **state)
{
	struct name_fields *names = name_fields__new();
	static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char name[512], want[512];
	size_t at;

	(void)state;
	assert_non_null(names);
	for (int i = 100; i < 999; i++) {
		(void)snprintf(name, sizeof(name), "4a%03d", i);
		(void)snprintf(want, sizeof(want), "a%03d", i);
		check(names, name, want);
	}
	/* each parameter has the one before it twice: b<a<int>, a<int>>, and so on, to 2^30 words */
	at = (size_t)sprintf(name, "Fv1aIiE1bIS0_S0_E");
	for (int i = 2; i < 32; i++)
		at += (size_t)sprintf(name + at, "S1_IS%c_S%c_E", DIGITS[i], DIGITS[i]);
	(void)sprintf(name + at, "E");
	check(names, name, name);
	name_fields__free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_fields_readable),
		cmocka_unit_test(test_name_fields_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

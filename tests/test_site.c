/* SPDX-License-Identifier: MIT */
/*
 * Site tables and the texts that they own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "make.h"
#include "site.h"
#include "text_pool.h"

static void test_site_find(void **state)
{
	static const uint8_t types[] = { TTLOG_TYPE_U64 };
	struct site_table *table = make__table(8);

	(void)state;
	make__site(table, 0, "a", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "k", types);
	make__site(table, 3, "b", TTLOG_LEVEL_INFO, TTLOG_SITE_SPAN, "k", types);
	make__site(table, 5, "c", TTLOG_LEVEL_INFO, TTLOG_SITE_EVENT, "k", types);
	make__site(table, 100000, "d", TTLOG_LEVEL_INFO, TTLOG_SITE_SPAN, "k", types);
	assert_string_equal(site_table__find(table, 0)->name, "a");
	assert_string_equal(site_table__find(table, 5)->name, "c");
	assert_string_equal(site_table__find(table, 100000)->name, "d");
	assert_null(site_table__find(table, 4));
	assert_null(site_table__find(table, 100001));
	assert_null(site_table__find(table, UINT32_MAX));
	assert_string_equal(site_table__find_span_end(table, 4)->name, "b");
	assert_string_equal(site_table__find_span_end(table, 100001)->name, "d");
	assert_null(site_table__find_span_end(table, 0));
	assert_null(site_table__find_span_end(table, 1)); /* 0 is no span */
	assert_null(site_table__find_span_end(table, 3));
	site_table__free(table);
	site_table__free(NULL);
}

static void test_site_empty_table(void **state)
{
	struct site_table *table = make__table(1);

	(void)state;
	assert_null(site_table__find(table, 0));
	assert_null(site_table__find_span_end(table, 1));
	site_table__free(table);
}

static void test_site_texts_are_shared(void **state)
{
	struct text_pool *pool = text_pool__new();
	static char large[200000];
	const char *kept[3000];
	char text[32];

	(void)state;
	assert_non_null(pool);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(text, sizeof(text), "text %d", i);
		kept[i] = text_pool__add(pool, text, strlen(text));
		assert_non_null(kept[i]);
	}
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(text, sizeof(text), "text %d", i);
		assert_string_equal(kept[i], text);
		assert_ptr_equal(text_pool__add(pool, text, strlen(text)), kept[i]);
	}
	memset(large, 'x', sizeof(large));
	assert_int_equal(strlen(text_pool__add(pool, large, sizeof(large))), sizeof(large));
	assert_ptr_equal(text_pool__add(pool, "", 0), text_pool__add(pool, "x", 0));
	/* a part of a longer text is one of its own */
	assert_string_equal(text_pool__add(pool, "text 123", 5), "text ");
	text_pool__free(pool);
	text_pool__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site_find),
		cmocka_unit_test(test_site_empty_table),
		cmocka_unit_test(test_site_texts_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Each text is stored once, and never moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "text_pool.h"

static void test_text_pool_shares_texts(void **state)
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
	/* a part of a longer text is stored as a text of its own */
	assert_string_equal(text_pool__add(pool, "text 123", 5), "text ");
	text_pool__free(pool);
	text_pool__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_pool_shares_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

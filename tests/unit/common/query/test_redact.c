/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "redact.h"

static int add(struct redact *redact, const char *list)
{
	char why[128] = "";

	return redact__add(redact, list, why, sizeof(why));
}

static void test_redact_hides_by_globs(void **state)
{
	struct redact redact = { 0 };
	char list[REDACT_LIST_BYTES];

	(void)state;
	assert_false(redact__hides(&redact, "password"));
	assert_int_equal(add(&redact, "password,*_token"), 0);
	assert_int_equal(add(&redact, "card?,password"), 0);
	assert_true(redact__hides(&redact, "password"));
	assert_true(redact__hides(&redact, "api_token"));
	assert_true(redact__hides(&redact, "card1"));
	assert_false(redact__hides(&redact, "card"));
	assert_false(redact__hides(&redact, "passwords"));
	assert_false(redact__hides(&redact, "Password"));
	redact__list(&redact, list);
	assert_string_equal(list, "password,*_token,card?");
	redact__fini(&redact);
	redact__list(&redact, list);
	assert_string_equal(list, "");
}

static void test_redact_refuses_other_lists(void **state)
{
	static const char *const lists[] = { "", ",", "a,", ",a", "a,,b", "a\nb" };
	struct redact redact = { 0 };
	char text[2 * REDACT_GLOB_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		assert_int_equal(add(&redact, lists[i]), -EINVAL);
	memset(text, 'k', sizeof(text));
	text[REDACT_GLOB_BYTES] = '\0';
	assert_int_equal(add(&redact, text), -EINVAL);
	text[REDACT_GLOB_BYTES - 1] = '\0';
	assert_int_equal(add(&redact, text), 0);
	redact__fini(&redact);
	for (unsigned i = 0; i < REDACT_MAX; i++) {
		(void)snprintf(text, sizeof(text), "k%u", i);
		assert_int_equal(add(&redact, text), 0);
	}
	assert_int_equal(add(&redact, "k0"), 0);
	assert_int_equal(add(&redact, "one_more"), -EINVAL);
	redact__fini(&redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redact_hides_by_globs),
		cmocka_unit_test(test_redact_refuses_other_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

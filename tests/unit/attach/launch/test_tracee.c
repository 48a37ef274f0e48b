/* SPDX-License-Identifier: MIT */
/* Which calls of traced threads are of interest, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tracee.h"
#include "tracer.h"

#define PARENT 10
#define CHILD  11
#define LINKS  12

static void test_tracee_lists_what_may_pass(void **state)
{
	const struct linker linker = { 0 };
	struct tracees tracees = { 0 };
	struct tracer_quiet quiet[4];

	(void)state;
	assert_int_equal(tracees__list_quiet(&tracees, quiet, 4), 0);
	assert_int_equal(tracees__add_linking(&tracees, LINKS, &linker, false), 0);
	tracees__claim_young(&tracees, PARENT, CHILD);
	/* each call of a linker counts; those of a parent are never too many */
	assert_int_equal(tracees__list_quiet(&tracees, quiet, 4), 2);
	assert_int_equal(quiet[0].tid, CHILD);
	assert_true(quiet[0].left > 0 && quiet[0].left < UINT32_MAX);
	assert_int_equal(quiet[1].tid, PARENT);
	assert_int_equal(quiet[1].left, UINT32_MAX);
	assert_int_equal(tracees__list_quiet(&tracees, quiet, 1), 1);
	tracees__fini(&tracees);
}

static void test_tracee_counts_what_has_passed(void **state)
{
	struct tracees tracees = { 0 };
	struct tracer_quiet quiet[4];
	uint32_t before;

	(void)state;
	tracees__claim_young(&tracees, PARENT, CHILD);
	assert_int_equal(tracees__list_quiet(&tracees, quiet, 4), 2);
	before = quiet[0].left;
	quiet[0].left -= 3;
	tracees__pass_quiet(&tracees, quiet, 2);
	assert_int_equal(tracees__list_quiet(&tracees, quiet, 4), 2);
	assert_int_equal(quiet[0].left, before - 3);
	/* all have passed: the next one is its last */
	quiet[0].left = 0;
	tracees__pass_quiet(&tracees, quiet, 2);
	assert_int_equal(tracees__find(&tracees, CHILD)->calls_left, 1);
	/* one that has gone meanwhile */
	tracees__forget(&tracees, CHILD);
	assert_null(tracees__find(&tracees, CHILD));
	tracees__pass_quiet(&tracees, quiet, 2);
	assert_int_equal(tracees__list_quiet(&tracees, quiet, 4), 0);
	tracees__fini(&tracees);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracee_lists_what_may_pass),
		cmocka_unit_test(test_tracee_counts_what_has_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

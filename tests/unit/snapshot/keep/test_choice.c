/* SPDX-License-Identifier: MIT */
/* Which files go first. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "array.h"
#include "choice.h"

/* A file for each letter, the oldest first. Its service is the digit before, 0 for an unknown one, its kind the letter:
 * t(imer), r(equest), k(illed), crashes of signatures x, y, z, and u without one; a capital: it is shipped. Returns
 * those that stay. */
static const char *stay(const char *files, const struct choice_limits *limits, uint64_t bytes)
{
	static char left[128];
	static char names[64][24];
	struct kept_file list[64] = { 0 };
	const size_t cnt = strlen(files) / 2;
	size_t len = 0;

	assert_true(cnt <= ARRAY_SIZE(list));
	for (size_t i = 0; i < cnt; i++) {
		const char service = files[2 * i], kind = (char)tolower(files[2 * i + 1]);

		(void)snprintf(names[i], sizeof(names[i]), "%zu", i);
		list[i] = (struct kept_file){
			.name = names[i],
			.bytes = bytes,
			.order = (int64_t)i,
			.is_shipped = kind != files[2 * i + 1],
			.service = service == '0' ? 0 : (uint64_t)service,
			.signature = kind == 'u' ? 0 : (uint64_t)service << 8 | (uint64_t)kind,
			.rank = kind == 't'   ? KEPT_TIMER
				: kind == 'r' ? KEPT_REQUEST
				: kind == 'k' ? KEPT_KILLED
					      : KEPT_CRASH,
		};
	}
	assert_int_equal(choice__make(list, cnt, limits), 0);
	for (size_t i = 0; i < cnt; i++) {
		if (list[i].why != KEPT_STAYS)
			continue;
		left[len++] = files[2 * i];
		left[len++] = files[2 * i + 1];
	}
	left[len] = '\0';
	return left;
}

static void test_choice_by_rank_and_age(void **state)
{
	static const char *const steps[] = {
		"1x1k1r1t1t1r1k1x", "1x1k1r1t1r1k1x", "1x1k1r1r1k1x", "1x1k1r1k1x",
		"1x1k1k1x",         "1x1k1x",         "1x1x",         "1x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct choice_limits by_number = { .max_files = 8 - i };
		const struct choice_limits by_bytes = { .max_bytes = (8 - i) * 10 + 9 };

		assert_string_equal(stay(steps[0], &by_number, 10), steps[i]);
		assert_string_equal(stay(steps[0], &by_bytes, 10), steps[i]);
	}
	assert_string_equal(stay(steps[0], &(struct choice_limits){ .max_bytes = 1 }, 10), "1x");
	assert_string_equal(stay("", &(struct choice_limits){ .max_files = 1 }, 10), "");
}

/* Each service has its share: one that has more loses first, whatever it has. */
static void test_choice_shares(void **state)
{
	static const struct {
		const char *files;
		size_t most;
		const char *left;
	} cases[] = {
		{ "2t2r1x1x1x1x1x1x1x1x", 8, "2t2r1x1x1x1x1x1x" },
		{ "2t2r1x1x1x1x1x1x1x1x", 6, "2t2r1x1x1x1x" },
		/* even if there only spared crashes are left */
		{ "2t2r1x1x1x1x1x1x1x1x", 5, "2t2r1x1x1x" },
		{ "2t2r1x1x1x1x1x1x1x1x", 3, "2r1x1x" },
		{ "2x1x1x1x1x1y1y1y1z", 4, "2x1y1y1z" },
		{ "2x3x1x1x1x1x1y1y1y1z", 3, "2x3x1z" },
		{ "0x1x0u1x1x", 4, "0x1x1x1x" },
		{ "0x1x0u1x1x", 3, "1x1x1x" },
		/* one that has more than its share, but not most of all */
		{ "1t1t1t1t2t2t2t3t", 6, "1t1t2t2t2t3t" },
		{ "1t1t1t1t2t2t2t3t", 5, "1t1t2t2t3t" },
		{ "1k1k1k1k2t2t2t3t", 7, "1k1k1k2t2t2t3t" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct choice_limits limits = { .max_files = cases[i].most };

		assert_string_equal(stay(cases[i].files, &limits, 10), cases[i].left);
	}
}

static void test_choice_spares_the_first_and_the_last_three(void **state)
{
	static const struct {
		const char *files;
		size_t most;
		const char *left;
	} cases[] = {
		{ "1x1x1x1x1x1x1k1y", 7, "1x1x1x1x1x1x1y" }, /* killed before crashes */
		{ "1x1x1x1x1x1x1k1y", 6, "1x1x1x1x1x1y" },
		{ "1x1x1x1x1x1x1k1y", 5, "1x1x1x1x1y" },
		{ "1x1u1u1x1u1x1u1x", 6, "1x1x1u1x1u1x" }, /* nothing tells them apart */
		{ "1x1y1x1y1x1y1x1y1x1y", 8, "1x1y1x1y1x1y1x1y" },
	};
	static const char kept[] = "1";
	const struct choice_limits limits = { .max_files = 1, .kept = kept };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct choice_limits most = { .max_files = cases[i].most };

		assert_string_equal(stay(cases[i].files, &most, 10), cases[i].left);
	}
	/* what was just written stays, though it is worth least */
	assert_string_equal(stay("1x1t1x", &limits, 10), "1t");
}

static void test_choice_keep_free(void **state)
{
	static const struct {
		uint64_t missing;
		const char *left;
	} cases[] = {
		{ 0, "1x1x1x1x1x1t1r" }, { 1, "1x1x1x1x1x1r" }, { 20, "1x1x1x1x1x" },
		{ 30, "1x1x1x1x" },      { 60, "1x" },          { 70, "1x" },
		{ 71, "1x1x1x1x" }, /* something else fills the disk */
	};
	const struct choice_limits both = { .max_files = 5, .missing_bytes = 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct choice_limits limits = { .missing_bytes = cases[i].missing };

		assert_string_equal(stay("1x1x1x1x1x1t1r", &limits, 10), cases[i].left);
	}
	/* what goes for another limit counts */
	assert_string_equal(stay("1x1x1x1x1x1t1r", &both, 10), "1x1x1x1x1x");
}

/* What is not shipped does not go for the number of files; for other limits after all that is. */
static void test_choice_keeps_what_is_not_shipped(void **state)
{
	static const struct {
		const char *files;
		struct choice_limits limits;
		const char *left;
	} cases[] = {
		{ "1t1T1x1X1x", { .max_files = 3 }, "1t1x1x" },
		{ "1t1T1x1X1x", { .max_files = 1 }, "1t1x1x" },
		{ "1T1X1X", { .max_files = 1 }, "1X" },
		{ "1t1T1x1X1x", { .max_bytes = 40 }, "1t1x1X1x" },
		{ "1t1T1x1X1x", { .max_bytes = 30 }, "1t1x1x" },
		{ "1t1T1x1X1x", { .max_bytes = 20 }, "1x1x" },
		{ "1t1T1x1X1x", { .missing_bytes = 20 }, "1t1x1x" },
		{ "1t1T1x1X1x", { .missing_bytes = 40 }, "1x" },
		{ "1t1T1x1X1x", { .max_files = 1, .max_bytes = 25 }, "1x1x" },
		/* what other services have shipped goes first, then shares count */
		{ "1x1x1x1x1x1x2T2x", { .max_bytes = 70 }, "1x1x1x1x1x1x2x" },
		{ "1x1x1x1x1x1x2T2x", { .max_bytes = 50 }, "1x1x1x1x2x" },
		/* something else fills the disk */
		{ "1x1X1x1x1x1x", { .missing_bytes = 61 }, "1x1x1x1x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct choice_limits limits = cases[i].limits;

		limits.keeps_unshipped = true;
		assert_string_equal(stay(cases[i].files, &limits, 10), cases[i].left);
	}
	/* without the option nothing changes */
	assert_string_equal(stay("1t1T1x1X1x", &(struct choice_limits){ .max_files = 3 }, 10),
			    "1x1X1x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice_by_rank_and_age),
		cmocka_unit_test(test_choice_shares),
		cmocka_unit_test(test_choice_spares_the_first_and_the_last_three),
		cmocka_unit_test(test_choice_keep_free),
		cmocka_unit_test(test_choice_keeps_what_is_not_shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

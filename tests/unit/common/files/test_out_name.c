/* SPDX-License-Identifier: MIT */
/* Names that files of the recorder have, and names that come near them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "array.h"
#include "out_name.h"

#define TIME "20261130143304123"

static void test_out_name_kinds(void **state)
{
	static const struct {
		const char *name;
		enum out_name kind;
	} names[] = {
		{ "ttlog-1-" TIME "-crash.bin", OUT_NAME_FILE },
		{ "ttlog-4194304-" TIME "-a.b_c-d.bin", OUT_NAME_FILE },
		{ "ttlog-1-" TIME "-stream.bin", OUT_NAME_FILE },
		{ "ttlog-1-" TIME "-stream.bin.part", OUT_NAME_PART },
		{ ".ttlog-12-0123456789abcdef.tmp", OUT_NAME_HIDDEN },
		{ ".ttlog-age", OUT_NAME_CLOCK },
		{ ".ttlog-age.new", OUT_NAME_CLOCK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(out_name__kind(names[i].name), names[i].kind);
}

static void test_out_name_foreign(void **state)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"passwd",
		"ttlog-",
		"ttlog-1-" TIME,
		"ttlog-1-" TIME "-",
		"ttlog-1-" TIME "-.bin",
		"ttlog-1-" TIME "-crash",
		"ttlog-1-" TIME "-crash.bin.part",
		"ttlog-1-" TIME "-stream.bin.part/",
		"ttlog-1-" TIME "-/../../x.bin",
		"ttlog-1-" TIME "1-crash.bin",
		"ttlog-1-2026-crash.bin",
		"ttlog--" TIME "-crash.bin",
		"ttlog-x-" TIME "-crash.bin",
		"/ttlog-1-" TIME "-crash.bin",
		"../ttlog-1-" TIME "-crash.bin",
		".ttlog-1-" TIME "-crash.bin",
		".ttlog-12-0123456789abcde.tmp",
		".ttlog-12-0123456789abcdef0.tmp",
		".ttlog-12-0123456789abcdeg.tmp",
		".ttlog-12-0123456789abcdef.tmpx",
		".ttlog--0123456789abcdef.tmp",
		".ttlog-age.newer",
		".ttlog-agent",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(out_name__kind(names[i]), OUT_NAME_FOREIGN);
}

static void test_out_name_time(void **state)
{
	(void)state;
	assert_int_equal(out_name__real_ns("ttlog-12-19700101000001002-crash.bin"), 1002000000);
	assert_int_equal(out_name__real_ns("ttlog-1-20261031000000000-stream.bin.part"),
			 UINT64_C(1793404800000000000));
	assert_int_equal(out_name__real_ns("ttlog-1-19691231235959999-crash.bin"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_name_kinds),
		cmocka_unit_test(test_out_name_foreign),
		cmocka_unit_test(test_out_name_time),
	};

	return cmocka_run_group_tests_name("out_name", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "storage_fault.h"

static void test_storage_fault_has_a_class_for_each_error(void **state)
{
	static const struct {
		int err;
		const char *name;
	} faults[] = {
		{ ENOSPC, "no_room" },  { EDQUOT, "no_room" }, { EFBIG, "no_room" },
		{ EROFS, "read_only" }, { EIO, "io" },         { ENOENT, "gone" },
		{ ESTALE, "gone" },     { EPERM, "refused" },  { EACCES, "refused" },
		{ ENOMEM, "short" },    { EMFILE, "short" },   { EEXIST, "other" },
		{ 9999, "other" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		assert_string_equal(storage_fault__name(storage_fault__of(-faults[i].err)),
				    faults[i].name);
	for (enum storage_fault one = 0; one < STORAGE_FAULT_CNT; one++) {
		for (enum storage_fault other = 0; other < one; other++)
			assert_string_not_equal(storage_fault__name(one),
						storage_fault__name(other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storage_fault_has_a_class_for_each_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

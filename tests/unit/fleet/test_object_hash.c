/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "object_hash.h"

/* FIPS 180-2, B.1 and the empty message */
static const unsigned char of_abc[OBJECT_HASH_BYTES] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};
static const unsigned char of_nothing[OBJECT_HASH_BYTES] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

static void test_object_hash_of_parts_and_again(void **state)
{
	struct object_hash *hash = object_hash__new();
	unsigned char got[OBJECT_HASH_BYTES];

	(void)state;
	assert_non_null(hash);
	object_hash__add(hash, "a", 1);
	object_hash__add(hash, "bc", 2);
	object_hash__end(hash, got);
	assert_memory_equal(got, of_abc, sizeof(got));
	object_hash__end(hash, got);
	assert_memory_equal(got, of_nothing, sizeof(got));
	object_hash__free(hash);
	object_hash__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_object_hash_of_parts_and_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

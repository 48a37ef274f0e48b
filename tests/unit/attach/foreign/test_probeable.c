/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "array.h"
#include "probeable.h"

static void test_probeable_x86(void **state)
{
	static const struct {
		const char *code;
		bool is_good;
	} cases[] = {
		{ "\x55", true },                                 /* push %rbp */
		{ "\xf3\x0f\x1e\xfa", true },                     /* endbr64 */
		{ "\x48\x83\xec\x08", true },                     /* sub $8,%rsp */
		{ "\xc3", true },                                 /* ret */
		{ "\xf3\xc3", true },                             /* repz ret */
		{ "\xe9\x11\x11\x11\x11", true },                 /* jmp */
		{ "\xff\x25\x11\x11\x11\x11", true },             /* jmp *x(%rip) */
		{ "\x64\x48\x8b\x04\x25\x28\x11\x11\x11", true }, /* mov %fs:.., %rax */
		{ "\xc5\xf8\x77", true },                         /* vzeroupper */
		{ "\x49\x3b\x66\x10", true },                     /* cmp 16(%r14),%rsp: Go */
		{ "\xf0\xff\x0f", false },                        /* lock decl (%rdi) */
		{ "\x3e\xff\xe0", false },                        /* notrack jmp *%rax */
		{ "\xcc", false },                                /* int3 */
		{ "\xcd\x03", false },                            /* int $3 */
		{ "\xf4", false },                                /* hlt */
		{ "\x0f\x05", false },                            /* syscall */
		{ "\x0f\x01\xd0", false },                        /* xgetbv */
		{ "\x66\x0f\x38\x17\xc0", false },                /* ptest */
		{ "\xc5\xfe\x6f\x06", false },                    /* vmovdqu (%rsi),%ymm0 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (probeable__x86((const uint8_t *)cases[i].code, strlen(cases[i].code)) !=
		    cases[i].is_good)
			fail_msg("case %zu", i);
	}
	assert_false(probeable__x86((const uint8_t *)"\x49\x90", 2)); /* xchg %r8,%rax */
	assert_false(probeable__x86((const uint8_t *)"\x41\x90", 2));
	assert_true(probeable__x86((const uint8_t *)"\x48\x90", 2));
	assert_true(probeable__x86((const uint8_t *)"\x90", 1));
	assert_true(probeable__x86((const uint8_t *)"\x66\x90", 2));
	assert_false(probeable__x86((const uint8_t *)"\x0f\x1f\x44\x00\x00", 5));
	assert_true(probeable__x86((const uint8_t *)"\x0f\x1f\x40\x00", 4));
	assert_false(probeable__x86((const uint8_t *)"\x0f", 1));
	assert_false(probeable__x86((const uint8_t *)"\x66\x48", 2));
	assert_false(probeable__x86((const uint8_t *)"", 0));
}

static void test_probeable_arm64(void **state)
{
	static const struct {
		uint32_t word;
		bool is_good;
	} cases[] = {
		{ 0xa9bf7bfd, true },  /* stp x29, x30, [sp, #-16]! */
		{ 0xd65f03c0, true },  /* ret */
		{ 0xd61f0220, true },  /* br x17 */
		{ 0x14000001, true },  /* b */
		{ 0xd503233f, true },  /* paciasp */
		{ 0xd503245f, true },  /* bti c */
		{ 0xd503201f, true },  /* nop */
		{ 0x90000000, true },  /* adrp */
		{ 0xd65f0bff, false }, /* retaa */
		{ 0xd4200000, false }, /* brk */
		{ 0xd4000001, false }, /* svc */
		{ 0xd53bd040, false }, /* mrs x0, tpidr_el0 */
		{ 0xd503207f, false }, /* wfi */
		{ 0x58000000, false }, /* ldr x0, a literal */
		{ 0x885f7c01, false }, /* ldxr */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (probeable__arm64(cases[i].word) != cases[i].is_good)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probeable_x86),
		cmocka_unit_test(test_probeable_arm64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * usdt_operand.c, usdt_operand_x86.c and usdt_operand_arm64.c: both on any machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "usdt_operand.h"

#define PLACE 0x1000u
#define FOO   0x5678u

static int find_symbol(void *ctx, const char *name, uint64_t *ret_vaddr)
{
	(void)ctx;
	if (strcmp(name, "foo") && strcmp(name, "_ZN3ns3foE"))
		return -ENOENT;
	*ret_vaddr = FOO;
	return 0;
}

/* "reg 10 +0 >>8 1u", "mem 4 -24 8s", "mem 10+5<<3 0 8u", "const 7 4s", "null: why". */
static void describe(const struct usdt_operand *operand, char *ret, size_t size)
{
	const struct wire_value *value = &operand->value;
	char index[32] = "", base[16] = "-";
	const char sign = value->is_signed ? 's' : 'u';

	assert_int_equal(value->is_signed, operand->is_signed && value->from);
	assert_int_equal(value->step_cnt, 0);
	assert_int_equal(value->text, WIRE_NO_TEXT);
	assert_true(value->bytes <= operand->bytes);
	if (value->base != WIRE_NO_REGISTER)
		(void)snprintf(base, sizeof(base), "%u", value->base);
	if (value->index != WIRE_NO_REGISTER)
		(void)snprintf(index, sizeof(index), "+%u<<%u", value->index, value->shift);
	switch (value->from) {
	case WIRE_CONSTANT:
		(void)snprintf(ret, size, "const %" PRId64 " %u%c", value->offset, value->bytes,
			       sign);
		break;
	case WIRE_REGISTER:
		(void)snprintf(ret, size, "reg %s>>%u %" PRId64 " %u%c", base, value->shift,
			       value->offset, value->bytes, sign);
		break;
	case WIRE_MEMORY:
		(void)snprintf(ret, size, "mem %s%s %" PRId64 " %u%c", base, index, value->offset,
			       value->bytes, sign);
		break;
	default:
		assert_int_equal(value->from, WIRE_NOTHING);
		(void)snprintf(ret, size, "null: %s", operand->why);
	}
}

static void check(const struct usdt_scope *scope, const char *text, const char *expected)
{
	struct usdt_operand operand;
	const char *at = text;
	char got[256];

	assert_true(usdt_operand__next(scope, &at, &operand));
	assert_int_equal(*at, 0);
	describe(&operand, got, sizeof(got));
	if (strcmp(got, expected))
		fail_msg("%s: got '%s', not '%s'", text, got, expected);
	assert_false(usdt_operand__next(scope, &at, &operand));
}

struct operand_case {
	const char *text, *expected;
};

#define FORM   "null: its place is in no known form"
#define VECTOR "null: it is in a vector register"
#define LOADER "null: it is at an address that the loader makes"

static const struct operand_case x86_cases[] = {
	{ "8@%rax", "reg 10>>0 0 8u" },
	{ "-4@%eax", "reg 10>>0 0 4s" },
	{ "-4@%rax", "reg 10>>0 0 4s" },
	{ "8@%eax", "reg 10>>0 0 4u" },
	{ "2@%ax", "reg 10>>0 0 2u" },
	{ "1@%al", "reg 10>>0 0 1u" },
	{ "-1@%ah", "reg 10>>8 0 1s" },
	{ "1@%bh", "reg 5>>8 0 1u" },
	{ "1@%sil", "reg 13>>0 0 1u" },
	{ "1@%bpl", "reg 4>>0 0 1u" },
	{ "2@%di", "reg 14>>0 0 2u" },
	{ "8@%rbx", "reg 5>>0 0 8u" },
	{ "8@%rcx", "reg 11>>0 0 8u" },
	{ "8@%rdx", "reg 12>>0 0 8u" },
	{ "8@%rsi", "reg 13>>0 0 8u" },
	{ "8@%rdi", "reg 14>>0 0 8u" },
	{ "8@%rbp", "reg 4>>0 0 8u" },
	{ "8@%rsp", "reg 19>>0 0 8u" },
	{ "8@%r8", "reg 9>>0 0 8u" },
	{ "8@%r9", "reg 8>>0 0 8u" },
	{ "8@%r10", "reg 7>>0 0 8u" },
	{ "-4@%r11d", "reg 6>>0 0 4s" },
	{ "2@%r12w", "reg 3>>0 0 2u" },
	{ "1@%r13b", "reg 2>>0 0 1u" },
	{ "8@%r14", "reg 1>>0 0 8u" },
	{ "8@%r15", "reg 0>>0 0 8u" },
	{ "8f@%rax", "reg 10>>0 0 8u" },
	{ "%rdi", "reg 14>>0 0 8u" },
	{ "-4@$7", "const 7 4s" },
	{ "-4@$-9", "const -9 4s" },
	{ "8@$0x7fff0000", "const 2147418112 8u" },
	{ "8@$18446744073709551615", "const -1 8u" },
	{ "-4@-24(%rbp)", "mem 4 -24 4s" },
	{ "8@(%rsp)", "mem 19 0 8u" },
	{ "8@0x10(%rax)", "mem 10 16 8u" },
	{ "8@(%rax,%rbx)", "mem 10+5<<0 0 8u" },
	{ "-2@-8(%rax,%r12,2)", "mem 10+3<<1 -8 2s" },
	{ "8@16(%rax, %rbx, 8)", "mem 10+5<<3 16 8u" },
	{ "8@64(,%rbx,4)", "mem -+5<<2 64 8u" },
	{ "4@4096", "mem - 4096 4u" },
	{ "8f@-16(%rbp)", "mem 4 -16 8u" },
	/* symbols: 0x5678 - 0x1000 = 18040 */
	{ "-4@foo(%rip)", "mem 16 18040 4s" },
	{ "-4@foo+8(%rip)", "mem 16 18048 4s" },
	{ "-4@foo-8(%rip)", "mem 16 18032 4s" },
	{ "-4@40+foo(%rip)", "mem 16 18080 4s" },
	{ "8@_ZN3ns3foE(%rip)", "mem 16 18040 8u" },
	{ "8@foo", "mem 16 18040 8u" },
	{ "8@foo(,%rax,8)", "mem 16+10<<3 18040 8u" },
	{ "8@$foo", "reg 16>>0 18040 8u" },
	{ "8@$foo+4", "reg 16>>0 18044 8u" },
	{ "8@foo(%rbx)", LOADER },
	{ "8@foo@GOTPCREL(%rip)", LOADER },
	{ "8@bar(%rip)", "null: the file does not have its symbol" },
	{ "8@16(%rip)", "null: its address has no symbol" },
	{ "8f@%xmm0", VECTOR },
	{ "4f@%ymm1", VECTOR },
	{ "8f@%st(1)", VECTOR },
	{ "8@%fs:-8", "null: it is in memory of its thread alone" },
	{ "8@%fs:foo@tpoff", "null: it is in memory of its thread alone" },
	{ "8@(%eax)", "null: its address has 32 bits" },
	{ "16@%xmm0", "null: it has a size that no field has" },
	{ "8@", FORM },
	{ "@", FORM },
	{ "8@%", FORM },
	{ "8@%r16", FORM },
	{ "8@%r8x", FORM },
	{ "8@%rahx", FORM },
	{ "8@%sih", FORM },
	{ "8@(%rax", FORM },
	{ "8@(%rax)8", FORM },
	{ "8@(%rax,%rbx,3)", FORM },
	{ "8@(%rax,%rbx,)", FORM },
	{ "8@$", FORM },
	{ "8@$99999999999999999999", FORM },
	{ "8@99999999999999999999(%rax)", FORM },
	{ "8@-foo(%rip)", FORM },
	{ "8@foo+foo(%rip)", LOADER },
};

static void test_usdt_operand_x86(void **state)
{
	const struct usdt_scope scope = { .machine = USDT_X86_64,
					  .place = PLACE,
					  .find_symbol = find_symbol };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(x86_cases); i++)
		check(&scope, x86_cases[i].text, x86_cases[i].expected);
}

static void test_usdt_operand_arm64(void **state)
{
	static const struct operand_case cases[] = {
		{ "8@x0", "reg 0>>0 0 8u" },
		{ "-4@w1", "reg 1>>0 0 4s" },
		{ "-4@x30", "reg 30>>0 0 4s" },
		{ "8@w30", "reg 30>>0 0 4u" },
		{ "8@sp", "reg 31>>0 0 8u" },
		{ "1@w19", "reg 19>>0 0 1u" },
		{ "8@xzr", "const 0 8u" },
		{ "-4@wzr", "const 0 4s" },
		{ "-4@7", "const 7 4s" },
		{ "-4@-1", "const -1 4s" },
		{ "-4@#12", "const 12 4s" },
		{ "4@0x10", "const 16 4u" },
		{ "-4@[sp, 12]", "mem 31 12 4s" },
		{ "8@[sp]", "mem 31 0 8u" },
		{ "8@[x29,-16]", "mem 29 -16 8u" },
		{ "8@[x29, #-16]", "mem 29 -16 8u" },
		{ "-8@[x29, -16]!", "mem 29 -16 8s" },
		{ "8@[x0], 16", "mem 0 0 8u" },
		{ "8@[x0, x1]", "mem 0+1<<0 0 8u" },
		{ "8@[x0, x1, lsl 3]", "mem 0+1<<3 0 8u" },
		{ "8@[x0, x1, lsl #2]", "mem 0+1<<2 0 8u" },
		{ "8@[x0, xzr]", "mem 0 0 8u" },
		{ "8@[x0, #:lo12:foo]", "mem 0 1656 8u" },
		{ "8@[x0, :lo12:foo+4]", "mem 0 1660 8u" },
		{ "8@foo", "reg 32>>0 18040 8u" },
		{ "8f@[sp, 8]", "mem 31 8 8u" },
		{ "8@[x0, w1, sxtw 3]", "null: its index is widened on the way" },
		{ "8@[x0, w1]", "null: its index is widened on the way" },
		{ "8@[x0, :lo12:bar]", "null: the file does not have its symbol" },
		{ "8@[x0, :got:foo]", FORM },
		{ "8f@d0", VECTOR },
		{ "4f@s31", VECTOR },
		{ "8@v0.2d", VECTOR },
		{ "8@x31", "null: the file does not have its symbol" },
		{ "8@[w0]", FORM },
		{ "8@[xzr]", FORM },
		{ "8@[x0", FORM },
		{ "8@[x0]?", FORM },
		{ "8@[x0, x1, lsl 4]", FORM },
		{ "8@[x0, x1, lsl 3, 4]", FORM },
		{ "8@[]", FORM },
	};
	const struct usdt_scope scope = { .machine = USDT_ARM64,
					  .place = PLACE,
					  .find_symbol = find_symbol };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&scope, cases[i].text, cases[i].expected);
}

/* What is loaded where it was linked may have a symbol and a base. */
static void test_usdt_operand_in_a_file_with_fixed_addresses(void **state)
{
	const struct usdt_scope scope = { .machine = USDT_X86_64,
					  .place = PLACE,
					  .is_absolute = true,
					  .find_symbol = find_symbol };

	(void)state;
	check(&scope, "8@foo(%rbx)", "mem 5 22136 8u");
	check(&scope, "8@foo+8(%rbx,%rcx,4)", "mem 5+11<<2 22144 8u");
}

static void test_usdt_operand_without_symbols(void **state)
{
	const struct usdt_scope scope = { .machine = USDT_X86_64, .place = PLACE };

	(void)state;
	check(&scope, "8@foo(%rip)", "null: the file does not have its symbol");
}

static void test_usdt_operand_takes_a_string_apart(void **state)
{
	static const char *const x86[] = { "-4@%esi", "8@16(%rax, %rbx, 8)", "garbage", "1@$1" };
	static const char *const arm[] = { "-4@w1", "8@[x0, x1, lsl 3]", "8@[x0], 8", "1@1" };
	struct usdt_scope scope = { .machine = USDT_X86_64 };
	struct usdt_operand operand;
	const char *const *parts = x86;
	char text[256];

	(void)state;
	for (int round = 0; round < 2; round++) {
		const char *at = text;

		(void)snprintf(text, sizeof(text), "  %s %s  %s %s ", parts[0], parts[1], parts[2],
			       parts[3]);
		for (size_t i = 0; i < 4; i++) {
			assert_true(usdt_operand__next(&scope, &at, &operand));
			assert_ptr_equal(at, strstr(text, parts[i]) + strlen(parts[i]));
		}
		assert_int_equal(operand.value.from, WIRE_CONSTANT);
		assert_int_equal(operand.value.offset, 1);
		assert_false(usdt_operand__next(&scope, &at, &operand));
		parts = arm;
		scope.machine = USDT_ARM64;
	}
}

static void test_usdt_operand_of_great_length(void **state)
{
	const struct usdt_scope scope = { .machine = USDT_X86_64, .find_symbol = find_symbol };
	static char text[5000];
	const char *at = text;
	struct usdt_operand operand;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "8@", 2);
	assert_true(usdt_operand__next(&scope, &at, &operand));
	assert_int_equal(operand.value.from, WIRE_NOTHING);
	assert_non_null(operand.why);
	assert_int_equal(*at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usdt_operand_x86),
		cmocka_unit_test(test_usdt_operand_arm64),
		cmocka_unit_test(test_usdt_operand_in_a_file_with_fixed_addresses),
		cmocka_unit_test(test_usdt_operand_without_symbols),
		cmocka_unit_test(test_usdt_operand_takes_a_string_apart),
		cmocka_unit_test(test_usdt_operand_of_great_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Which crashes have the same signature. */
#include <signal.h>
#include <string.h>

#include "make.h"

#include "array.h"
#include "crash.h"
#include "signature.h"

#define MAX_TEST_FRAMES 8

struct sample {
	int signal;
	struct {
		const char *module, *symbol;
		uint64_t offset;
	} frames[MAX_TEST_FRAMES]; /* until one with neither */
};

static const char *signature_of(const struct sample *sample, struct crash *crash)
{
	*crash = (struct crash){ .has_crash = true, .signal = sample->signal };
	for (size_t i = 0; i < MAX_TEST_FRAMES; i++) {
		const bool is_known = sample->frames[i].module || sample->frames[i].symbol;

		if (!is_known && !sample->frames[i].offset)
			break;
		crash->frames[crash->frame_cnt++] = (struct crash_frame){
			.ip = 0x1000 * i,
			.offset = sample->frames[i].offset,
			.module = (char *)sample->frames[i].module,
			.symbol = (char *)sample->frames[i].symbol,
		};
	}
	signature__set(crash);
	return crash->signature;
}

static void assert_equal(const struct sample *a, const struct sample *b, bool is_equal)
{
	static struct crash one, other;
	const char *first = signature_of(a, &one), *second = signature_of(b, &other);

	assert_int_equal(strlen(first), 16);
	assert_int_equal(strlen(second), 16);
	assert_int_equal(strcmp(first, second) == 0, is_equal);
}

static const struct sample plain = {
	SIGSEGV,
	{ { "/opt/1.0/api", "parse+0x1f", 0x11ef },
	  { "/usr/lib/libnet.so.1.2.3", "dispatch+0x20", 0x4020 },
	  { "/opt/1.0/api", "main+0x5", 0x1105 },
	  { "/lib/x86_64-linux-gnu/libc.so.6", "__libc_start_call_main+0x7a", 0x2724a } },
};

/* FNV-1a of "SIGSEGV\napi!parse\nlibnet.so!dispatch\napi!main", by another implementation of it */
static void test_signature_is_as_the_format_says(void **state)
{
	static struct crash crash;

	(void)state;
	assert_string_equal(signature_of(&plain, &crash), "0c0b33ab724e31a8");
}

static void test_signature_of_the_next_build(void **state)
{
	static const struct sample same[] = {
		{ SIGSEGV, /* other addresses, another directory, inlined, a copy */
		  { { "/opt/1.1/api", "parse", 0x22ef },
		    { "/usr/lib64/libnet.so.1.3.0", "dispatch.constprop.0+0x44", 0x5020 },
		    { "/opt/1.1/api", "main.cold+0x500", 0x2105 } } },
		{ SIGSEGV, /* by way of the run-time: a signal's frame, the vdso */
		  { { "[vdso]", "__vdso_time+0x1", 1 },
		    { "/lib/libc.so.6", NULL, 0x38d50 },
		    { "api", "parse.part.0.cold.1+0x1", 1 },
		    { "libnet.so", "dispatch.isra.0.lto_priv.3+0x2", 2 },
		    { "api", "main+0x3", 3 },
		    { "api", "_start+0x21", 4 } } },
		{ SIGSEGV, /* where unwinding has lost its way */
		  { { "api", "parse", 1 },
		    { "libnet.so", "dispatch", 2 },
		    { "api", "main", 3 },
		    { NULL, NULL, 0x5000 } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_equal(&plain, &same[i], true);
}

static void test_signature_of_other_crashes(void **state)
{
	static const struct sample others[] = {
		{ SIGBUS,
		  { { "api", "parse+0x1f", 1 },
		    { "libnet.so", "dispatch", 2 },
		    { "api", "main", 3 } } },
		{ SIGSEGV,
		  { { "api", "parse2+0x1f", 1 },
		    { "libnet.so", "dispatch", 2 },
		    { "api", "main", 3 } } },
		{ SIGSEGV,
		  { { "libnet.so", "parse", 1 },
		    { "libnet.so", "dispatch", 2 },
		    { "api", "main", 3 } } },
		{ SIGSEGV, { { "api", "parse", 1 }, { "libnet.so", "dispatch", 2 } } },
		{ SIGSEGV,
		  { { "api", "parse", 1 }, { "libnet.so", NULL, 2 }, { "api", "main", 3 } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_equal(&plain, &others[i], false);
}

/* The sixth own frame does not count, abort() and raise() are of no program. */
static void test_signature_has_five_own_frames(void **state)
{
	struct sample aborted = { SIGABRT,
				  { { "libc.so.6", "__pthread_kill_implementation+0x1", 1 },
				    { "api", "raise+0x1", 1 },
				    { "api", "f1", 1 },
				    { "api", "f2", 1 },
				    { "api", "f3", 1 },
				    { "api", "f4", 1 },
				    { "api", "f5", 1 },
				    { "api", "f6", 1 } } };
	struct sample other = aborted;

	(void)state;
	other.frames[0].symbol = "gsignal";
	other.frames[1].symbol = "abort+0xd3";
	other.frames[7].symbol = "another";
	assert_equal(&aborted, &other, true);
	other.frames[6].symbol = "another";
	assert_equal(&aborted, &other, false);
}

/* Names in C++, Rust and Go keep what tells functions apart. */
static void test_signature_of_names(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} cases[] = {
		{ "ns::parse(int)+0x1f", "ns::parse(int) [clone .cold]+0x2", true },
		{ "ns::parse(int)+0x1f", "ns::parse(long)+0x1f", false },
		{ "core::f::h0123456789abcdef+0x1", "core::f::hfedcba9876543210", true },
		{ "core::f::h0123456789abcde+0x1", "core::f::hedcba9876543210", false },
		{ "main.main+0x1", "main.init+0x1", false },
		{ "f.llvm.1234567+0x1", "f", true },
		{ "f.constpropose", "f", false },
		{ ".cold", "f", false },
		{ "f+0x", "f", false },
		{ "f+1f", "f", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct sample a = { SIGSEGV, { { "api", cases[i].a, 1 } } };
		const struct sample b = { SIGSEGV, { { "api", cases[i].b, 2 } } };

		assert_equal(&a, &b, cases[i].is_equal);
	}
}

static void test_signature_without_names(void **state)
{
	static const struct sample stripped = { SIGSEGV,
						{ { "api", NULL, 1 }, { "api", NULL, 2 } } };
	static const struct sample elsewhere = { SIGSEGV,
						 { { "api", NULL, 3 }, { "api", NULL, 2 } } };
	static const struct sample only_libc = { SIGSEGV, { { "libc.so.6", "memcpy+0x1", 1 } } };
	static const struct sample only_strlen = { SIGSEGV, { { "libc.so.6", "strlen+0x1", 1 } } };
	static const struct sample nowhere = { SIGSEGV, { { NULL, NULL, 1 } } };
	static const struct sample also_nowhere = { SIGSEGV, { { NULL, NULL, 2 } } };
	static const struct sample none = { .signal = SIGSEGV };
	static struct crash crash;

	(void)state;
	assert_equal(&stripped, &stripped, true);
	assert_equal(&stripped, &elsewhere, false);
	assert_equal(&only_libc, &only_strlen, false);
	assert_equal(&nowhere, &also_nowhere, true); /* an address, which is random */
	assert_string_equal(signature_of(&none, &crash), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature_is_as_the_format_says),
		cmocka_unit_test(test_signature_of_the_next_build),
		cmocka_unit_test(test_signature_of_other_crashes),
		cmocka_unit_test(test_signature_has_five_own_frames),
		cmocka_unit_test(test_signature_of_names),
		cmocka_unit_test(test_signature_without_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

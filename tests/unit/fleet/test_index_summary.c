/* SPDX-License-Identifier: MIT */
/* What a list shows of a file, from the message that a host sends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "array.h"
#include "index_summary.h"

#define CRASH(frames)                                                                                  \
	"{\"object\":\"h/s/f.bin\",\"size\":9,\"info\":{\"pid\":42,\"created_at\":"                    \
	"\"2026-11-21T15:30:21.357457254Z\",\"signature\":\"00ff\",\"exit\":{\"signal\":\"SIGABRT\"}," \
	"\"crash\":{\"signal\":\"SIGABRT\",\"frames\":[" frames "]}}}"

static struct index_summary of_message(const char *message)
{
	char *text = index_summary__of_message(message, strlen(message));
	struct index_summary summary;

	assert_non_null(text);
	assert_int_equal(index_summary__decode(&summary, text, strlen(text)), 0);
	for (const char *at = text; *at; at++)
		assert_in_range(*at, ' ', '~'); /* as a header may be */
	free(text);
	return summary;
}

static void test_index_summary_of_a_crash(void **state)
{
	const struct index_summary summary = of_message(CRASH(
		"{\"module\":\"/lib/x/libc.so.6\",\"symbol\":\"abort+0xd3\"},"
		"{\"module\":\"/bin/\u00e4\",\"symbol\":\"run+0x1\",\"file\":\"a/b.c\",\"line\":7}"));

	(void)state;
	assert_string_equal(summary.object, "h/s/f.bin");
	assert_string_equal(summary.signal, "SIGABRT");
	assert_string_equal(summary.frame, "run+0x1 (b.c:7)");
	assert_string_equal(summary.signature, "00ff");
	assert_int_equal(summary.size_bytes, 9);
	assert_int_equal(summary.pid, 42);
	assert_int_equal(summary.created_ns, 1795275021357457254);
}

static void test_index_summary_of_frames(void **state)
{
	const struct {
		const char *message, *frame;
	} cases[] = {
		{ CRASH(""), "" },
		{ CRASH("{\"module\":\"/bin/\u00e4\",\"offset\":\"0x17\"}"), "\u00e4+0x17" },
		{ CRASH("{\"module\":\"/bin/x\"}"), "x+?" },
		{ CRASH("{\"module\":\"/lib/libc.so.6\",\"symbol\":\"raise\"}"), "raise" },
		{ CRASH("{},{\"symbol\":\"f\"}"), "" },
		{ CRASH("5"), "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(of_message(cases[i].message).frame, cases[i].frame);
}

/* A name of a function may be long; it is cut at a whole character. */
static void test_index_summary_cuts(void **state)
{
	char symbol[INDEX_FRAME_BYTES * 2 + 1], message[2048];
	struct index_summary summary;

	(void)state;
	symbol[0] = 'x';
	for (size_t i = 1; i + 2 < sizeof(symbol); i += 2)
		memcpy(&symbol[i], "\u00e4", 3);
	(void)snprintf(message, sizeof(message), CRASH("{\"symbol\":\"%s\"}"), symbol);
	summary = of_message(message);
	assert_int_equal(strlen(summary.frame), INDEX_FRAME_BYTES - 1);
	assert_memory_equal(summary.frame, symbol, INDEX_FRAME_BYTES - 1);
}

static void test_index_summary_of_little(void **state)
{
	const struct index_summary summary = of_message("{}");

	(void)state;
	assert_string_equal(summary.object, "");
	assert_int_equal(summary.created_ns, 0);
	assert_null(index_summary__of_message("[]", 2));
	assert_int_equal(errno, EINVAL);
	assert_null(index_summary__of_message("{", 1));
}

static void test_index_summary_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{",
		"{\"object\":5}",
		"{\"object\":\"a\\u0000b\"}",
		"{\"signal\":\"SIGSEGVSIGSEGVSIGSEGVSIGSEGVSIGSEGV\"}",
		"{\"size\":-1}",
		"{\"pid\":-5}",
	};
	struct index_summary summary;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(index_summary__decode(&summary, bad[i], strlen(bad[i])), -EBADMSG);
	assert_int_equal(index_summary__decode(&summary, "{\"created_at\":\"-5s\"}", 20), 0);
	assert_int_equal(summary.created_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_summary_of_a_crash),
		cmocka_unit_test(test_index_summary_of_frames),
		cmocka_unit_test(test_index_summary_cuts),
		cmocka_unit_test(test_index_summary_of_little),
		cmocka_unit_test(test_index_summary_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

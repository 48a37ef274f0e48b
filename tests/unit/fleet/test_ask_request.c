/* SPDX-License-Identifier: MIT */
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
#include "ask_request.h"

static int parse(struct ask_request *ret, const char *text)
{
	struct fleet_error error = { "" };
	const int err = ask_request__parse(ret, text, strlen(text), &error);

	if (err)
		assert_true(error.text[0]);
	return err;
}

static void test_ask_request_comes_back(void **state)
{
	const struct ask_request asked = {
		.command = ASK_LEVEL,
		.argument = "info,net.*=debug",
		.pid = 77,
		.service = "web-*",
		.target = "a.b.>",
		.for_ns = 30000000000u,
		.wait_ns = 5000000000u,
	};
	char *text = ask_request__encode(&asked);
	struct ask_request got;

	(void)state;
	assert_non_null(text);
	assert_int_equal(parse(&got, text), 0);
	assert_int_equal(got.command, ASK_LEVEL);
	assert_string_equal(got.argument, asked.argument);
	assert_int_equal(got.pid, 77);
	assert_string_equal(got.service, asked.service);
	assert_string_equal(got.target, asked.target);
	assert_int_equal(got.for_ns, asked.for_ns);
	assert_int_equal(got.wait_ns, asked.wait_ns);
	ask_request__fini(&got);
	free(text);
}

static void test_ask_request_of_little(void **state)
{
	const struct ask_request asked = { .command = ASK_STATUS };
	char *text = ask_request__encode(&asked);
	struct ask_request got;

	(void)state;
	assert_string_equal(text, "{\"version\":1,\"command\":\"status\"}");
	assert_int_equal(parse(&got, text), 0);
	assert_string_equal(got.argument, "");
	assert_string_equal(got.service, "");
	assert_string_equal(got.target, "");
	assert_int_equal(got.wait_ns, ASK_LONGEST_WAIT_NS);
	ask_request__fini(&got);
	free(text);
}

#define BEGIN "{\"version\":1,\"command\":"

static void test_ask_request_of_another_form(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"[]",
		"{}",
		"{\"version\":1}",
		"{\"command\":\"status\"}",
		"{\"version\":2,\"command\":\"status\"}",
		"{\"version\":\"1\",\"command\":\"status\"}",
		BEGIN "\"reload\"}",
		BEGIN "\"filter\",\"argument\":\"level>=trace\"}",
		BEGIN "1}",
		BEGIN "\"status\"} x",
		BEGIN "\"status\",\"more\":1}",
		BEGIN "\"status\",\"command\":\"list\"}",
		BEGIN "\"status\",\"argument\":\"x\"}",
		BEGIN "\"status\",\"target\":\"x\"}",
		BEGIN "\"list\",\"for_ns\":1}",
		BEGIN "\"list\",\"pid\":0}",
		BEGIN "\"list\",\"pid\":-1}",
		BEGIN "\"list\",\"pid\":2147483648}",
		BEGIN "\"list\",\"pid\":1.5}",
		BEGIN "\"list\",\"service\":\"\"}",
		BEGIN "\"list\",\"service\":[\"x\"]}",
		BEGIN "\"list\",\"service\":\"a\\u0000b\"}",
		BEGIN "\"list\",\"wait_ns\":9223372036854775808}",
		BEGIN "\"trigger\"}",
		BEGIN "\"trigger\",\"argument\":\"x\",\"service\":\"web\",\"pid\":1}",
		BEGIN "\"trigger\",\"argument\":\"0123456789012345678901234567890123456789012345678"
		      "901234567890123x\"}",
		BEGIN "\"level\"}",
		BEGIN "\"level\",\"argument\":\"debug\"}",
	};
	struct ask_request got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (parse(&got, texts[i]) != -EINVAL)
			fail_msg("%s is a request", texts[i]);
	}
}

static void test_ask_request_that_undoes(void **state)
{
	struct ask_request got;

	(void)state;
	assert_int_equal(parse(&got, BEGIN "\"level\",\"argument\":\"default\"}"), 0);
	assert_int_equal(got.for_ns, 0);
	ask_request__fini(&got);
}

static void test_ask_request_that_is_long(void **state)
{
	char *text = malloc(ASK_REQUEST_MOST_BYTES + 2);
	struct ask_request got;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', ASK_REQUEST_MOST_BYTES + 1);
	text[ASK_REQUEST_MOST_BYTES + 1] = '\0';
	memcpy(text, BEGIN "\"list\"}", strlen(BEGIN "\"list\"}"));
	assert_int_equal(parse(&got, text), -EINVAL);
	text[ASK_REQUEST_MOST_BYTES] = '\0';
	assert_int_equal(parse(&got, text), 0);
	ask_request__fini(&got);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask_request_comes_back),
		cmocka_unit_test(test_ask_request_of_little),
		cmocka_unit_test(test_ask_request_of_another_form),
		cmocka_unit_test(test_ask_request_that_undoes),
		cmocka_unit_test(test_ask_request_that_is_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

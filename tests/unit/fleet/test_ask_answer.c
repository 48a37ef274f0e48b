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
#include "ask_parts.h"

static const char *member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_ask_answer_comes_back(void **state)
{
	json_t *answer = ask_answer__done(), *got, *one;
	char *text;

	(void)state;
	assert_int_equal(ask_answer__add(answer, "control-1.sock", "done", "{\"version\":1}"), 0);
	assert_int_equal(ask_answer__add(answer, "control-2.sock", "failed", "a\xff\xc3\xa4\n"), 0);
	text = ask_answer__encode(answer);
	got = ask_answer__parse(text, strlen(text));
	assert_non_null(got);
	assert_true(ask_answer__is_done(got));
	one = json_array_get(json_object_get(got, "answers"), 0);
	assert_string_equal(member(one, "text"), "{\"version\":1}");
	one = json_array_get(json_object_get(got, "answers"), 1);
	assert_string_equal(member(one, "verdict"), "failed");
	assert_string_equal(member(one, "text"), "a?\xc3\xa4\n");
	json_decref(got);
	json_decref(answer);
	free(text);
}

static void test_ask_answer_that_is_long_is_refused(void **state)
{
	char *long_text = malloc(ASK_ANSWER_MOST_BYTES + 1), *text;
	json_t *answer = ask_answer__done(), *got;

	(void)state;
	memset(long_text, 'x', ASK_ANSWER_MOST_BYTES);
	long_text[ASK_ANSWER_MOST_BYTES] = '\0';
	assert_int_equal(ask_answer__add(answer, "control-1.sock", "done", long_text), 0);
	text = ask_answer__encode(answer);
	got = ask_answer__parse(text, strlen(text));
	assert_false(ask_answer__is_done(got));
	assert_non_null(strstr(member(got, "why"), "longer than 1 MiB"));
	json_decref(got);
	json_decref(answer);
	free(text);
	free(long_text);
}

static void test_ask_answer_of_another_form(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"{\"version\":2,\"verdict\":\"done\",\"answers\":[]}",
		"{\"version\":1,\"verdict\":\"done\"}",
		"{\"version\":1,\"verdict\":\"done\",\"answers\":{}}",
		"{\"version\":1,\"verdict\":\"refused\",\"answers\":[]}",
		"{\"version\":1,\"verdict\":\"done\",\"answers\":[1]}",
		"{\"version\":1,\"verdict\":\"done\",\"answers\":[{\"collector\":\"c\",\"verdict\":\"done\"}]}",
		"{\"version\":1,\"verdict\":\"done\",\"answers\":[]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(ask_answer__parse(texts[i], strlen(texts[i])));
}

/* ---- parts ---- */

static char *make_text(size_t bytes)
{
	char *text = malloc(bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		text[i] = (char)('a' + i % 23);
	text[bytes] = '\0';
	return text;
}

static void check_parts(size_t bytes, size_t max_payload)
{
	char *text = make_text(bytes);
	struct ask_parts parts = { 0 };
	const unsigned int cnt = ask_parts__count(bytes, max_payload);

	assert_in_range(cnt, 1, ASK_PARTS_MOST);
	for (unsigned int i = 1; i <= cnt; i++) {
		char *part;
		const size_t len = ask_parts__make(&part, text, bytes, max_payload, i);

		assert_in_range(len, 1, max_payload);
		assert_int_equal(ask_parts__take(&parts, part, len), i == cnt);
		free(part);
	}
	assert_false(parts.is_broken);
	assert_int_equal(parts.len, bytes);
	assert_memory_equal(parts.text, text, bytes);
	free(parts.text);
	free(text);
}

static void test_ask_parts_come_together(void **state)
{
	(void)state;
	check_parts(1, 1 << 20);
	check_parts(100, 1 << 20);
	check_parts(ASK_PART_BYTES - ASK_PART_HEAD_BYTES, 1 << 20);
	check_parts(ASK_PART_BYTES - ASK_PART_HEAD_BYTES + 1, 1 << 20);
	check_parts(1000000, 1 << 20);
	check_parts(60000, 1024);
	assert_int_equal(ask_parts__count(100000, 1024), 0);
	assert_int_equal(ask_parts__count(ASK_ANSWER_MOST_BYTES, 1 << 20), 3);
}

static void test_ask_parts_that_are_no_next_one(void **state)
{
	static const char *const parts[][2] = {
		{ "", NULL },           { "x", NULL },          { "1", NULL },
		{ "1/", NULL },         { "1/1", NULL },        { "0/1\n", NULL },
		{ "2/2\n", NULL },      { "1/65\n", NULL },     { "1/0\n", NULL },
		{ "1/100\n", NULL },    { "1/2\nx", "1/2\nx" }, { "1/3\nx", "3/3\nx" },
		{ "1/2\nx", "2/3\nx" }, { "-1/2\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct ask_parts got = { 0 };
		bool over = ask_parts__take(&got, parts[i][0], strlen(parts[i][0]));

		if (parts[i][1]) {
			assert_false(over);
			over = ask_parts__take(&got, parts[i][1], strlen(parts[i][1]));
		}
		assert_true(over);
		assert_true(got.is_broken);
		free(got.text);
	}
}

static void test_ask_parts_that_are_too_long(void **state)
{
	char *part = make_text(ASK_ANSWER_MOST_BYTES / 2 + 4);
	struct ask_parts got = { 0 };

	(void)state;
	memcpy(part, "1/3\n", 4);
	assert_false(ask_parts__take(&got, part, ASK_ANSWER_MOST_BYTES / 2 + 4));
	memcpy(part, "2/3\n", 4);
	assert_false(ask_parts__take(&got, part, ASK_ANSWER_MOST_BYTES / 2 + 4));
	assert_true(ask_parts__take(&got, "3/3\nx", 5));
	assert_true(got.is_broken);
	free(got.text);
	free(part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask_answer_comes_back),
		cmocka_unit_test(test_ask_answer_that_is_long_is_refused),
		cmocka_unit_test(test_ask_answer_of_another_form),
		cmocka_unit_test(test_ask_parts_come_together),
		cmocka_unit_test(test_ask_parts_that_are_no_next_one),
		cmocka_unit_test(test_ask_parts_that_are_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What commands answer: JSON that is valid whatever programs call themselves, and who is selected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "answer.h"
#include "json_out.h"
#include "status.h"

static json_t *answer(const struct status *status, const struct selector *selector, bool list)
{
	struct json_out json = { 0 };
	char *text = NULL;
	size_t len;
	json_t *parsed;

	json.out = open_memstream(&text, &len);
	assert_non_null(json.out);
	answer__begin(&json);
	if (list)
		answer__list(&json, status, selector);
	else
		answer__status(&json, status, selector);
	json_out__close(&json, '}');
	assert_int_equal(fclose(json.out), 0);
	parsed = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(parsed);
	free(text);
	return parsed;
}

static size_t count(const struct status *status, uint32_t pid, const char *service)
{
	const struct selector selector = { .pid = pid, .service = service, .target = "" };
	json_t *parsed = answer(status, &selector, true);
	const size_t cnt = json_array_size(json_object_get(parsed, "processes"));

	json_decref(parsed);
	return cnt;
}

static struct status_process processes[] = {
	{ .pid = 7,
	  .comm = "\"a\\\n\xff",
	  .exe = "/x\x01",
	  .service = "web-1",
	  .cgroup_path = "/system.slice/a.service",
	  .accounts = { .emitted = UINT64_MAX / 2, .lost = { .fault = 3 }, .lost_total = 3 } },
	{ .pid = 8, .ns_pid = 1, .comm = "b", .ended = true },
};
static const struct status status = {
	.mono_ns = 5,
	.processes = processes,
	.process_cnt = 2,
	.ring_budget_bytes = UINT64_MAX,
	.snapshots.by_reason[SNAPSHOT_CRASH] = { .made = 2, .bytes = 10 },
};

static void test_answer_is_valid(void **state)
{
	const struct selector all = { .service = "", .target = "" };
	json_t *parsed = answer(&status, &all, false), *first, *second;

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(parsed, "version")), ANSWER_VERSION);
	first = json_array_get(json_object_get(parsed, "processes"), 0);
	second = json_array_get(json_object_get(parsed, "processes"), 1);
	assert_string_equal(json_string_value(json_object_get(first, "comm")), "\"a\\\n\ufffd");
	assert_string_equal(json_string_value(json_object_get(first, "exe")), "/x\x01");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(first, "lost"), "fault")), 3);
	assert_string_equal(json_string_value(json_object_get(first, "unit")), "a.service");
	assert_null(json_object_get(second, "cgroup"));
	assert_null(json_object_get(second, "service"));
	assert_true(json_is_true(json_object_get(second, "ended")));
	assert_int_equal(json_integer_value(json_object_get(second, "ns_pid")), 1);
	json_decref(parsed);
}

static void test_answer_selects(void **state)
{
	(void)state;
	assert_int_equal(count(&status, 0, ""), 2);
	assert_int_equal(count(&status, 8, ""), 1);
	assert_int_equal(count(&status, 9, ""), 0);
	assert_int_equal(count(&status, 0, "web-*"), 1);
	assert_int_equal(count(&status, 0, "*"), 2);
	assert_int_equal(count(&status, 8, "web-*"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_is_valid),
		cmocka_unit_test(test_answer_selects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

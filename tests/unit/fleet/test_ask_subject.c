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
#include "ask_subject.h"
#include "index_list.h"

static void test_ask_subject_says_who_asks(void **state)
{
	char subject[ASK_SUBJECT_BYTES], user[ASK_USER_BYTES];
	bool to_all;

	(void)state;
	ask_subject__make(subject, "web1-0a1b2c3d", "alice");
	assert_string_equal(subject, "ttlog.ctl.web1-0a1b2c3d.alice");
	assert_int_equal(ask_subject__parse(user, &to_all, subject), 0);
	assert_string_equal(user, "alice");
	assert_false(to_all);
	assert_int_equal(ask_subject__parse(user, &to_all, "ttlog.ctl.all.a%40b"), 0);
	assert_string_equal(user, "a%40b");
	assert_true(to_all);
}

static void test_ask_subject_of_another_form(void **state)
{
	static const char *const subjects[] = {
		"",
		"ttlog.ctl",
		"ttlog.ctl.",
		"ttlog.ctl.web1",
		"ttlog.ctl.web1.",
		"ttlog.ctl..alice",
		"ttlog.ctl.web1.alice.x",
		"ttlog.ctl.web1.*",
		"ttlog.ctl.web1.%",
		"ttlog.ctl.web1.a%4",
		"ttlog.ctl.web1.a%41",
		"ttlog.ctl.web1.al\nice",
		"other.ctl.web1.alice",
		"ttlog.ctl.web1."
		"0123456789012345678901234567890123456789012345678901234567890123",
	};
	char user[ASK_USER_BYTES];
	bool to_all;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		assert_int_equal(ask_subject__parse(user, &to_all, subjects[i]), -EINVAL);
}

static void test_ask_subject_user_is_one_token(void **state)
{
	char user[ASK_USER_BYTES], longest[200];

	(void)state;
	assert_int_equal(ask_subject__user(user, "a.b.>"), 0);
	assert_string_equal(user, "a%2Eb%2E%3E");
	assert_int_equal(ask_subject__user(user, ""), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[ASK_USER_BYTES - 1] = '\0';
	assert_int_equal(ask_subject__user(user, longest), 0);
	longest[ASK_USER_BYTES - 1] = 'a';
	longest[ASK_USER_BYTES] = '\0';
	assert_int_equal(ask_subject__user(user, longest), -EINVAL);
}

/* A host must not be made to write to the index, to JetStream, or to another user. */
static void test_ask_subject_answers_go_to_the_user_only(void **state)
{
	static const char *const refused[] = {
		"",
		"_INBOX",
		"_INBOX.alice",
		"_INBOX.alice.",
		"_INBOX.alice..x",
		"_INBOX.alice.>",
		"_INBOX.alice.*",
		"_INBOX.alice2.x",
		"_INBOX.bob.x",
		"$JS.API.STREAM.DELETE.OBJ_crashes",
		"ttlog.index.crashes.web1.s.r.i",
		"ttlog.ctl.web2.alice",
		"_INBOX.alice.x\r\nPUB y 0",
	};

	(void)state;
	assert_true(ask_subject__may_answer("alice", "_INBOX.alice.x"));
	assert_true(ask_subject__may_answer("alice", "_INBOX.alice.x.y-1"));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_false(ask_subject__may_answer("alice", refused[i]));
}

static void test_ask_hosts_by_glob(void **state)
{
	static const struct {
		const char *glob, *host;
		bool is_meant;
	} hosts[] = {
		{ "", "web1-0a1b2c3d", true },
		{ "web1", "web1-0a1b2c3d", true },
		{ "web1-0a1b2c3d", "web1-0a1b2c3d", true },
		{ "web*", "web1-0a1b2c3d", true },
		{ "web?-*", "web1-0a1b2c3d", true },
		{ "web", "web1-0a1b2c3d", false },
		{ "WEB1", "web1-0a1b2c3d", false },
		{ "*1", "web1-0a1b2c3d", true },
		{ "a.b.>", "a.b.>-0a1b2c3d", true },
		{ "a.*.>", "a.b.>-0a1b2c3d", true },
		{ "[!w]*", "web1-0a1b2c3d", false },
		{ "x", "x", true },
		{ "-0a1b2c3d", "-0a1b2c3d", true },
		{ "?", "\xff-0a1b2c3d", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		if (index_list__is_host(hosts[i].glob, hosts[i].host) != hosts[i].is_meant)
			fail_msg("%s, %s", hosts[i].glob, hosts[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask_subject_says_who_asks),
		cmocka_unit_test(test_ask_subject_of_another_form),
		cmocka_unit_test(test_ask_subject_user_is_one_token),
		cmocka_unit_test(test_ask_hosts_by_glob),
		cmocka_unit_test(test_ask_subject_answers_go_to_the_user_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

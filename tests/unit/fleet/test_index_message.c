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

#include "index_message.h"

#define EMPTY_DIGEST "SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="
#define EMPTY_HASH   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct index_message message = {
	.bucket = "b",
	.host = "web1.x-0a1b2c3d",
	.service = "a.b.>",
	.reason = "crash",
	.object = "o",
	.digest = EMPTY_DIGEST,
	.size_bytes = 7,
	.info = "{\"service\":\"a.b.>\",\"pid\":1}",
};

static void test_index_message_has_a_subject_of_its_own(void **state)
{
	char subject[INDEX_SUBJECT_BYTES];
	struct index_message wrong = message;

	(void)state;
	assert_int_equal(index_message__subject(subject, &message), 0);
	assert_string_equal(subject,
			    "ttlog.index.b.web1%2Ex-0a1b2c3d.a%2Eb%2E%3E.crash." EMPTY_HASH);
	wrong.service = "";
	assert_int_equal(index_message__subject(subject, &wrong), 0);
	assert_non_null(strstr(subject, "-0a1b2c3d.%.crash."));
	wrong.digest = "SHA-256=47DE";
	assert_int_equal(index_message__subject(subject, &wrong), -EINVAL);
	wrong.digest = "MD5=x";
	assert_int_equal(index_message__subject(subject, &wrong), -EINVAL);
	wrong.digest = "SHA-256=!";
	assert_int_equal(index_message__subject(subject, &wrong), -EINVAL);
}

static void test_index_message_has_all_that_is_known(void **state)
{
	char *text = index_message__encode(&message);

	(void)state;
	assert_string_equal(text, "{\"object\":\"o\",\"digest\":\"" EMPTY_DIGEST
				  "\",\"size\":7,\"info\":{\"service\":\"a.b.>\",\"pid\":1}}");
	free(text);
}

static void test_index_message_is_short_enough(void **state)
{
	const size_t size = INDEX_MESSAGE_BYTES + 100;
	struct index_message large = message;
	char *info = malloc(size + 100), *text;

	(void)state;
	assert_non_null(info);
	(void)sprintf(info, "{\"threads\":\"%0*d\",\"pid\":1,\"signature\":\"s\"}", (int)size, 0);
	large.info = info;
	text = index_message__encode(&large);
	assert_non_null(strstr(text, "\"info\":{\"pid\":1,\"signature\":\"s\"}"));
	free(text);
	free(info);
	large.info = "[]";
	assert_null(index_message__encode(&large));
	assert_int_equal(errno, EINVAL);
	large.info = "{";
	assert_null(index_message__encode(&large));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_message_has_a_subject_of_its_own),
		cmocka_unit_test(test_index_message_has_all_that_is_known),
		cmocka_unit_test(test_index_message_is_short_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

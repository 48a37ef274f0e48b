/* SPDX-License-Identifier: MIT */
/* What others write that s3:// reads: answers of servers, files of keys. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "s3_keys.h"
#include "s3_xml.h"

static void test_s3_xml_of_answers(void **state)
{
	static const struct {
		const char *xml, *is;
	} cases[] = {
		{ "<?xml?><Error><Code>SlowDown</Code></Error>", "SlowDown" },
		{ "<Code>a&amp;b&lt;c&gt;&quot;&apos;&x;</Code>", "a&b<c>\"'&x;" },
		{ "<Code>a\x1b[0mb\n\xff</Code>", "a?[0mb??" },
		{ "<Code></Code>", "" },
		{ "<Code>SlowDown", "" },
		{ "<Cod>x</Cod>", "" },
		{ "<Code>0123456789abcdef</Code>", "" },
		{ "<Code>0123456789abcde</Code>", "0123456789abcde" },
		{ "", "" },
		{ NULL, "" },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(s3_xml__text(text, sizeof(text), cases[i].xml, "Code"),
				 strlen(cases[i].is));
		assert_string_equal(text, cases[i].is);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_s3_keys_of_a_file(void **state)
{
	static const struct {
		const char *text, *profile, *id, *secret, *token; /* id: NULL: refused */
	} cases[] = {
		{ "[default]\naws_access_key_id = A\naws_secret_access_key=b/+=\n", NULL, "A",
		  "b/+=", "" },
		{ "[x]\naws_access_key_id=X\n# [default]\n[ default ]\r\n aws_access_key_id = A \r\n"
		  ";aws_secret_access_key=c\naws_secret_access_key=b\naws_session_token=t==\nother\n",
		  "", "A", "b", "t==" },
		{ "[profile web]\naws_access_key_id=W\naws_secret_access_key=w", "web", "W", "w",
		  "" },
		{ "[default]\naws_access_key_id=A\n[b]\naws_secret_access_key=b\n", NULL, NULL,
		  NULL, NULL },
		{ "[default]\naws_access_key_id=A B\naws_secret_access_key=b\n", NULL, NULL, NULL,
		  NULL },
		{ "aws_access_key_id=A\naws_secret_access_key=b\n", NULL, NULL, NULL, NULL },
		{ "[[[]]]=\n=\n[default", NULL, NULL, NULL, NULL },
	};
	const char *path = "/tmp/ttlog-s3-keys";
	struct fleet_error error;
	char own[64];

	(void)state;
	(void)snprintf(own, sizeof(own), "%s-%p", path, (void *)&error);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct s3_keys_from from = { .path = own, .profile = cases[i].profile };
		struct s3_keys keys;

		write_file(own, cases[i].text);
		assert_int_equal(s3_keys__read(&keys, &from, &error), cases[i].id ? 0 : -EINVAL);
		if (!cases[i].id)
			continue;
		assert_string_equal(keys.id, cases[i].id);
		assert_string_equal(keys.secret, cases[i].secret);
		assert_string_equal(keys.token, cases[i].token);
	}
	assert_int_equal(remove(own), 0);
}

static void test_s3_keys_of_the_environment(void **state)
{
	struct s3_keys_from from = { .id = "A", .secret = "b", .token = "t" };
	char token[S3_TOKEN_BYTES + 1];
	struct fleet_error error;
	struct s3_keys keys;

	(void)state;
	assert_int_equal(s3_keys__read(&keys, &from, &error), 0);
	assert_string_equal(keys.token, "t");
	memset(token, 't', sizeof(token));
	token[S3_TOKEN_BYTES] = '\0';
	from.token = token;
	assert_int_equal(s3_keys__read(&keys, &from, &error), -EINVAL);
	token[S3_TOKEN_BYTES - 1] = '\0';
	assert_int_equal(s3_keys__read(&keys, &from, &error), 0);
	from.secret = "b\r\nHost: x";
	assert_int_equal(s3_keys__read(&keys, &from, &error), -EINVAL);
	assert_null(strstr(error.text, "Host"));
	from.secret = "";
	assert_int_equal(s3_keys__read(&keys, &from, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s3_xml_of_answers),
		cmocka_unit_test(test_s3_keys_of_a_file),
		cmocka_unit_test(test_s3_keys_of_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "s3_upload.h"
#include "s3_url.h"

#define HASH S3_HASH_EMPTY

static void test_s3_url_of_a_bucket(void **state)
{
	static const struct {
		const char *text, *endpoint, *region, *web, *key;
	} cases[] = {
		{ "s3://acme-crashes", NULL, "eu-central-1",
		  "https://acme-crashes.s3.eu-central-1.amazonaws.com", "h/s/f." HASH ".bin" },
		{ "s3://acme.crashes//a/b c//", NULL, "us-east-1",
		  "https://s3.us-east-1.amazonaws.com/acme.crashes", "a/b c/h/s/f." HASH ".bin" },
		{ "s3://abc/p", NULL, "cn-north-1", "https://abc.s3.cn-north-1.amazonaws.com.cn",
		  "p/h/s/f." HASH ".bin" },
		{ "s3://abc/", "http://localhost:9000/x/", "us-east-1",
		  "http://localhost:9000/x/abc", "h/s/f." HASH ".bin" },
	};
	struct fleet_error error;
	struct s3_url url;
	char web[S3_WEB_BYTES], key[S3_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(s3_url__parse(&url, cases[i].text, &error), 0);
		assert_int_equal(s3_url__web(web, &url, cases[i].endpoint, cases[i].region), 0);
		assert_string_equal(web, cases[i].web);
		assert_int_equal(s3_url__key(key, &url, "h/s/f.bin", HASH), 0);
		assert_string_equal(key, cases[i].key);
	}
}

static void test_s3_url_that_is_none(void **state)
{
	static const char *const cases[] = {
		"s3://",      "s3:///a",       "s3://ab",      "s3://Abc", "s3://a_b",
		"s3://abc?x", "s3://abc/a\nb", "s3://abc:9/x", "s3://a@b",
	};
	char text[S3_PREFIX_BYTES + 16] = "s3://abc/";
	struct fleet_error error;
	struct s3_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(s3_url__parse(&url, cases[i], &error), -EINVAL);
	memset(text + 9, 'x', S3_PREFIX_BYTES - 1);
	assert_int_equal(s3_url__parse(&url, text, &error), 0);
	text[9 + S3_PREFIX_BYTES - 1] = 'x';
	assert_int_equal(s3_url__parse(&url, text, &error), -EINVAL);
}

static void test_s3_url_bounds_names(void **state)
{
	struct s3_url url = { .bucket = "abc" };
	char key[S3_KEY_BYTES], object[S3_KEY_BYTES], web[S3_WEB_BYTES], endpoint[S3_WEB_BYTES];
	const size_t most = S3_KEY_BYTES - 1 - strlen(HASH) - 1;

	(void)state;
	memset(object, 'x', sizeof(object));
	object[most] = '\0';
	assert_int_equal(s3_url__key(key, &url, object, HASH), 0);
	object[most] = 'x';
	object[most + 1] = '\0';
	assert_int_equal(s3_url__key(key, &url, object, HASH), -ENAMETOOLONG);
	memset(endpoint, 'x', sizeof(endpoint));
	endpoint[sizeof(endpoint) - 1] = '\0';
	assert_int_equal(s3_url__web(web, &url, endpoint, "r"), -ENAMETOOLONG);
}

static void test_s3_upload_has_parts_that_are_taken(void **state)
{
	static const uint64_t sizes[] = { S3_UPLOAD_LEAST_BYTES, UINT64_C(160000) << 20,
					  (UINT64_C(160000) << 20) + 1, UINT64_C(5) << 40 };

	(void)state;
	assert_int_equal(s3_upload__part_bytes(sizes[0]), 16 << 20);
	assert_int_equal(s3_upload__part_bytes(sizes[1]), 16 << 20);
	assert_int_equal(s3_upload__part_bytes(sizes[2]), 17 << 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		const uint64_t part = s3_upload__part_bytes(sizes[i]);

		assert_in_range((sizes[i] + part - 1) / part, 1, S3_UPLOAD_MOST_PARTS);
		assert_in_range(part, UINT64_C(5) << 20, UINT64_C(5) << 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s3_url_of_a_bucket),
		cmocka_unit_test(test_s3_url_that_is_none),
		cmocka_unit_test(test_s3_url_bounds_names),
		cmocka_unit_test(test_s3_upload_has_parts_that_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

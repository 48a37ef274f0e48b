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

#include "object_meta.h"

/* sha256sum </dev/null, in base64url */
#define EMPTY_DIGEST "SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="

static void test_object_meta_comes_back(void **state)
{
	static const char want[] =
		"{\"name\":\"h/s/f\",\"bucket\":\"b\",\"nuid\":\"h.N\",\"size\":300000,\"chunks\":3,"
		"\"digest\":\"SHA-256=x\",\"mtime\":\"2026-11-21T06:00:00.000000001Z\","
		"\"options\":{\"max_chunk_size\":131072}}";
	const struct object_meta meta = {
		.name = "h/s/f",
		.nuid = "h.N",
		.size_bytes = 300000,
		.chunk_cnt = 3,
		.digest = "SHA-256=x",
	};
	struct object_meta back;
	char *json = object_meta__encode(&meta, "b", 1795240800000000001);

	(void)state;
	assert_string_equal(json, want);
	assert_int_equal(object_meta__decode(&back, json, strlen(json)), 0);
	assert_string_equal(back.name, meta.name);
	assert_string_equal(back.nuid, meta.nuid);
	assert_string_equal(back.digest, meta.digest);
	assert_int_equal(back.size_bytes, 300000);
	assert_int_equal(back.chunk_cnt, 3);
	assert_false(back.is_deleted);
	free(json);
}

static void test_object_meta_takes_what_other_clients_write(void **state)
{
	static const char deleted[] = "{\"name\":\"a\",\"bucket\":\"b\",\"nuid\":\"\",\"size\":0,"
				      "\"chunks\":0,\"digest\":\"\",\"deleted\":true}";
	static const char other[] =
		"{\"name\":\"a b\",\"description\":\"\",\"options\":{\"max_chunk_size\":10},"
		"\"bucket\":\"b\",\"nuid\":\"RtZ5\",\"size\":0,\"chunks\":0}";
	struct object_meta meta;

	(void)state;
	assert_int_equal(object_meta__decode(&meta, deleted, strlen(deleted)), 0);
	assert_true(meta.is_deleted);
	assert_int_equal(object_meta__decode(&meta, other, strlen(other)), 0);
	assert_string_equal(meta.name, "a b");
	assert_string_equal(meta.digest, "");
}

static void test_object_meta_refuses(void **state)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{",
		"{}",
		"{\"name\":\"\",\"nuid\":\"x\"}",
		"{\"name\":7,\"nuid\":\"x\"}",
		"{\"name\":\"a\\u0000b\",\"nuid\":\"x\"}",
		"{\"name\":\"a\",\"nuid\":\">\"}",
		"{\"name\":\"a\",\"nuid\":\"*\"}",
		"{\"name\":\"a\",\"nuid\":\"\"}",
		"{\"name\":\"a\",\"nuid\":\"a..b\"}",
		"{\"name\":\"a\",\"nuid\":\"x\",\"size\":-1,\"chunks\":1}",
		"{\"name\":\"a\",\"nuid\":\"x\",\"size\":1,\"chunks\":-1}",
		"{\"name\":\"a\",\"nuid\":\"x\",\"size\":1,\"chunks\":0}",
		"{\"name\":\"a\",\"nuid\":\"x\",\"size\":0,\"chunks\":9}",
		"{\"name\":\"a\",\"nuid\":\"x\",\"size\":99999999999999999999,\"chunks\":1}",
	};
	struct object_meta meta;
	char longest[OBJECT_META_BYTES * 2];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(object_meta__decode(&meta, wrong[i], strlen(wrong[i])), -EBADMSG);
	(void)snprintf(longest, sizeof(longest), "{\"name\":\"a\",\"nuid\":\"%0*d\"}",
		       OBJECT_NUID_BYTES, 0);
	assert_int_equal(object_meta__decode(&meta, longest, strlen(longest)), -EBADMSG);
	(void)snprintf(longest, sizeof(longest), "{\"name\":\"a\",\"nuid\":\"x\",\"y\":\"%0*d\"}",
		       (int)OBJECT_META_BYTES, 0);
	assert_int_equal(object_meta__decode(&meta, longest, strlen(longest)), -EBADMSG);
}

static void test_object_meta_subjects(void **state)
{
	char subject[OBJECT_SUBJECT_BYTES];
	char name[FLEET_OBJECT_BYTES], bucket[FLEET_URL_BUCKET_BYTES];

	(void)state;
	object_meta__subject(subject, "b", "h/s/\xff\xff\xfe");
	assert_string_equal(subject, "$O.b.M.aC9zL____g==");
	object_meta__chunk_subject(subject, "b", "h.N");
	assert_string_equal(subject, "$O.b.C.h.N");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(bucket, 'b', sizeof(bucket));
	bucket[sizeof(bucket) - 1] = '\0';
	object_meta__subject(subject, bucket, name);
	assert_int_equal(strlen(subject), 3 + 127 + 3 + 1364);
}

static void test_object_meta_nuids_are_below_their_host(void **state)
{
	char one[OBJECT_NUID_BYTES], other[OBJECT_NUID_BYTES];

	(void)state;
	object_meta__new_nuid(one, "a.>-01234567");
	object_meta__new_nuid(other, "a.>-01234567");
	assert_memory_equal(one, "a%2E%3E-01234567.", 17);
	assert_int_equal(strlen(one), 17 + 22);
	assert_true(fleet_name__is_tokens(one));
	assert_string_not_equal(one, other);
}

static void test_object_meta_digest(void **state)
{
	static const unsigned char empty[OBJECT_HASH_BYTES] = {
		0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
		0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
		0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
	};
	char text[OBJECT_DIGEST_BYTES];

	(void)state;
	object_meta__digest(text, empty);
	assert_string_equal(text, EMPTY_DIGEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_object_meta_comes_back),
		cmocka_unit_test(test_object_meta_takes_what_other_clients_write),
		cmocka_unit_test(test_object_meta_refuses),
		cmocka_unit_test(test_object_meta_subjects),
		cmocka_unit_test(test_object_meta_nuids_are_below_their_host),
		cmocka_unit_test(test_object_meta_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

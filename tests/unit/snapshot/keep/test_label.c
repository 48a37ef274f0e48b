/* SPDX-License-Identifier: MIT */
/* Whose a file is: by its attributes, or by its header. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "array.h"
#include "cbor_out.h"
#include "format.h"
#include "frame_out.h"
#include "header_peek.h"
#include "label.h"

static int new_file(void)
{
	char path[] = "/tmp/test_label.XXXXXX";
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	return fd;
}

static void test_label_is_what_was_put(void **state)
{
	const int fd = new_file();
	struct label label;
	char long_name[2000];

	(void)state;
	/* else the header has it */
	if (fsetxattr(fd, "user.ttlog.test", "x", 1, 0)) {
		(void)close(fd);
		skip();
	}
	label__put(fd, "api", "0123456789abcdef");
	label__get(fd, &label);
	assert_string_equal(label.service, "api");
	assert_string_equal(label.signature, "0123456789abcdef");
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	label__put(fd, long_name, NULL);
	label__get(fd, &label);
	assert_int_equal(strlen(label.service), LABEL_SERVICE_BYTES - 1);
	/* other programs may have set anything */
	assert_int_equal(fsetxattr(fd, "user.ttlog.signature", long_name, 1000, 0), 0);
	label__get(fd, &label);
	assert_string_equal(label.signature, "");
	(void)close(fd);
}

/* A header: keys with nested values before those that are looked for. */
static void put_header(int fd, bool has_service, bool has_signature, size_t padding)
{
	struct cbor_map map = { 0 }, inner = { 0 };
	struct frame_out frame = { 0 };
	struct cbor_out out = { 0 };

	cbor_map__text(&map, "item", "header");
	cbor_map__uint(&inner, "service", 1);
	cbor_map__text(&inner, "signature", "not this");
	cbor_map__end(&inner, cbor_map__key(&map, "clock"));
	cbor_map__text(&map, "comm", "worker");
	if (has_service)
		cbor_map__text(&map, "service", "api");
	cbor_out__array(cbor_map__key(&map, "mappings"), padding);
	for (size_t i = 0; i < padding; i++)
		cbor_out__hex_text(&map.body, i * 0x9e3779b97f4a7c15u);
	if (has_signature)
		cbor_map__text(&map, "signature", "0123456789abcdef");
	cbor_map__end(&map, &out);
	assert_int_equal(out.error, 0);
	assert_int_equal(frame_out__write(&frame, fd, out.bytes, out.len), 0);
	frame_out__fini(&frame);
	cbor_out__fini(&out);
}

static void test_label_of_a_header(void **state)
{
	static const struct {
		bool has_service, has_signature;
		size_t padding;
		const char *service, *signature;
	} cases[] = {
		{ true, true, 10, "api", "0123456789abcdef" },
		{ false, true, 0, "worker", "0123456789abcdef" },
		{ true, false, 10, "api", "" },
		{ true, true, 100000, "api", "" }, /* too far away */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const int fd = new_file();
		struct label label;

		put_header(fd, cases[i].has_service, cases[i].has_signature, cases[i].padding);
		label__get(fd, &label);
		assert_string_equal(label.service, cases[i].service);
		assert_string_equal(label.signature, cases[i].signature);
		(void)close(fd);
	}
}

/* A segment of a stream begins with a frame that is skipped. */
static void test_label_after_a_skippable_frame(void **state)
{
	static const unsigned char skippable[] = { 0x54, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3 };
	const int fd = new_file();
	struct label label = { "", "" };

	(void)state;
	assert_int_equal(write(fd, skippable, sizeof(skippable)), sizeof(skippable));
	header_peek__read(fd, &label);
	assert_string_equal(label.service, "");
	put_header(fd, true, false, 0);
	header_peek__read(fd, &label);
	assert_string_equal(label.service, "api");
	(void)close(fd);
}

/* An encrypted file has a label in clear. */
static void test_label_of_an_encrypted_file(void **state)
{
	const int fd = open("tests/golden/small.sealed", O_RDONLY | O_CLOEXEC);
	unsigned char head[FORMAT_SEAL_FIXED_BYTES] = FORMAT_SEAL_MAGIC;
	const int cut = new_file();
	struct label label = { "", "" };
	struct cbor_map map = { 0 };
	struct cbor_out out = { 0 };

	(void)state;
	assert_true(fd >= 0);
	header_peek__read(fd, &label);
	assert_string_not_equal(label.service, "");
	(void)close(fd);

	cbor_map__text(&map, "service", "api");
	cbor_map__text(&map, "signature", "0123456789abcdef");
	cbor_map__end(&map, &out);
	head[8] = head[10] = 1;
	head[12] = (unsigned char)out.len;
	assert_int_equal(write(cut, head, sizeof(head)), sizeof(head));
	assert_int_equal(pwrite(cut, out.bytes, out.len, sizeof(head) + FORMAT_SEAL_KEY_BYTES),
			 out.len);
	label = (struct label){ "", "" };
	header_peek__read(cut, &label);
	assert_string_equal(label.service, "api");
	assert_string_equal(label.signature, "0123456789abcdef");
	/* more recipients, and a longer label, than there are bytes */
	head[11] = head[13] = 0xff;
	assert_int_equal(pwrite(cut, head, sizeof(head), 0), sizeof(head));
	label = (struct label){ "", "" };
	header_peek__read(cut, &label);
	assert_string_equal(label.service, "");
	cbor_out__fini(&out);
	(void)close(cut);
}

/* Every cut, and every byte of a small file as another one: it ends, and reads no other memory. */
static void test_label_of_a_damaged_header(void **state)
{
	const int fd = new_file(), damaged = new_file();
	unsigned char bytes[512];
	struct label label;
	ssize_t len;

	(void)state;
	put_header(fd, true, true, 3);
	len = pread(fd, bytes, sizeof(bytes), 0);
	assert_true(len > 0 && len < (ssize_t)sizeof(bytes));
	for (ssize_t i = 0; i < len; i++) {
		assert_int_equal(ftruncate(damaged, 0), 0);
		assert_int_equal(pwrite(damaged, bytes, (size_t)i, 0), i);
		label = (struct label){ "", "" };
		header_peek__read(damaged, &label);
		assert_true(!label.service[0] || !strcmp(label.service, "api") ||
			    !strcmp(label.service, "worker"));
		bytes[i] ^= 0x41;
		assert_int_equal(pwrite(damaged, bytes, (size_t)len, 0), len);
		bytes[i] ^= 0x41;
		header_peek__read(damaged, &label);
		assert_true(strlen(label.service) < sizeof(label.service));
		assert_true(strlen(label.signature) < sizeof(label.signature));
	}
	(void)close(fd);
	(void)close(damaged);
}

/* A file that an earlier version wrote. */
static void test_label_of_a_golden_file(void **state)
{
	const int fd = open("tests/golden/v1-crash.bin", O_RDONLY | O_CLOEXEC);
	struct label label = { "", "" };

	(void)state;
	assert_true(fd >= 0);
	header_peek__read(fd, &label);
	assert_string_equal(label.service, "exchange");
	assert_string_equal(label.signature, "");
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label_is_what_was_put),
		cmocka_unit_test(test_label_of_a_header),
		cmocka_unit_test(test_label_after_a_skippable_frame),
		cmocka_unit_test(test_label_of_an_encrypted_file),
		cmocka_unit_test(test_label_of_a_damaged_header),
		cmocka_unit_test(test_label_of_a_golden_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

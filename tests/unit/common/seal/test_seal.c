/* SPDX-License-Identifier: MIT */
/* What was encrypted comes back, up to damage, and only to who has the key. */
#include "seal_fixture.h"

#include <ttlog/read.h>

#define LABEL      "label in clear"
#define HEAD_BYTES (16 + 80 + sizeof(LABEL) - 1 + 24)

static int seal(const struct recipients *recipients, const size_t *lens, size_t cnt,
		const unsigned char *content)
{
	struct seal_out *seal = seal_out__new(recipients, LABEL, sizeof(LABEL) - 1);
	const int fd = memfd_create("sealed", MFD_CLOEXEC);

	assert_non_null(seal);
	assert_true(fd >= 0);
	assert_int_equal(seal_out__head(seal, fd), 0);
	for (size_t i = 0; i < cnt; content += lens[i++])
		assert_int_equal(seal_out__write(seal, fd, content, lens[i]), 0);
	assert_int_equal(seal_out__end(seal, fd), 0);
	seal_out__free(seal);
	return fd;
}

static int unseal(int fd, unsigned char number, unsigned char **ret_bytes, size_t *ret_len)
{
	const int to = memfd_create("content", MFD_CLOEXEC);
	struct secret_keys keys = { .cnt = 0 };
	char why[160] = "";
	int err;

	assert_true(to >= 0);
	add_secret(&keys, 99);
	add_secret(&keys, number);
	err = seal_in__copy(fd, &keys, to, why, sizeof(why));
	assert_int_equal(!err, !*why);
	*ret_bytes = whole_file(to, ret_len);
	(void)close(to);
	return err;
}

static unsigned char *make_content(size_t len)
{
	unsigned char *content = malloc(len + 1);

	assert_non_null(content);
	for (size_t i = 0; i < len; i++)
		content[i] = (unsigned char)(i * 31 + i / 256);
	return content;
}

static void test_seal_gives_back_each_length(void **state)
{
	static const size_t lens[] = { 1, 65535, 65536, 65537, 200000 };
	struct recipients recipients = { .cnt = 0 };
	unsigned char *content = make_content(200000), *got;
	size_t len;

	(void)state;
	add_public(&recipients, 1);
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		const int fd = seal(&recipients, &lens[i], 1, content);

		assert_true(seal_in__is_sealed(fd));
		assert_int_equal(unseal(fd, 1, &got, &len), 0);
		assert_int_equal(len, lens[i]);
		assert_memory_equal(got, content, len);
		free(got);
		(void)close(fd);
	}
	free(content);
}

static void test_seal_for_several(void **state)
{
	static const size_t lens[] = { 10, 20 };
	struct recipients recipients = { .cnt = 0 };
	unsigned char *content = make_content(30), *got;
	size_t len;
	int fd;

	(void)state;
	for (unsigned char i = 1; i <= FORMAT_SEAL_MAX_RECIPIENTS; i++)
		add_public(&recipients, i);
	fd = seal(&recipients, lens, 2, content);
	for (unsigned char i = 1; i <= FORMAT_SEAL_MAX_RECIPIENTS; i += 21) {
		assert_int_equal(unseal(fd, i, &got, &len), 0);
		assert_int_equal(len, 30);
		assert_memory_equal(got, content, 30);
		free(got);
	}
	assert_int_equal(unseal(fd, 77, &got, &len), -EKEYREJECTED);
	assert_int_equal(len, 0);
	free(got);
	free(content);
	(void)close(fd);
}

/* A cut file gives the messages before the cut; one byte less is no whole file. */
static void test_seal_cut_anywhere(void **state)
{
	static const size_t lens[] = { 40, 30, 20 };
	struct recipients recipients = { .cnt = 0 };
	unsigned char *content = make_content(90), *bytes, *got;
	size_t len, got_len;
	int fd;

	(void)state;
	add_public(&recipients, 1);
	fd = seal(&recipients, lens, 3, content);
	bytes = whole_file(fd, &len);
	assert_int_equal(len, HEAD_BYTES + 4 * (4 + 17) + 90);
	(void)close(fd);
	for (size_t cut = 0; cut < len; cut++) {
		const size_t first = HEAD_BYTES + 4 + 17 + 40, second = first + 4 + 17 + 30;
		const size_t third = second + 4 + 17 + 20;
		const size_t want = cut < first ? 0 : cut < second ? 40 : cut < third ? 70 : 90;

		fd = memory_file(bytes, cut);
		assert_int_equal(unseal(fd, 1, &got, &got_len),
				 cut < HEAD_BYTES ? -EBADMSG : -ENODATA);
		assert_int_equal(got_len, want);
		assert_memory_equal(got, content, got_len);
		free(got);
		(void)close(fd);
	}
	free(bytes);
	free(content);
}

/* Any other bit: nothing wrong comes out. Also the label can't be changed. */
static void test_seal_with_any_bit_flipped(void **state)
{
	static const size_t lens[] = { 40, 30 };
	struct recipients recipients = { .cnt = 0 };
	unsigned char *content = make_content(70), *bytes, *got;
	size_t len, got_len;
	int fd, err;

	(void)state;
	add_public(&recipients, 1);
	fd = seal(&recipients, lens, 2, content);
	bytes = whole_file(fd, &len);
	(void)close(fd);
	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		fd = memory_file(bytes, len);
		err = unseal(fd, 1, &got, &got_len);
		/* the magic is for the caller to look at, but it belongs to the first message */
		assert_int_not_equal(err, 0);
		assert_int_equal(got_len, bit / 8 < HEAD_BYTES + 4 + 17 + 40         ? 0
					  : bit / 8 < HEAD_BYTES + 2 * (4 + 17) + 70 ? 40
										     : 70);
		assert_memory_equal(got, content, got_len);
		free(got);
		(void)close(fd);
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	free(bytes);
	free(content);
}

static void test_seal_with_more_after_its_end(void **state)
{
	static const size_t lens[] = { 40 };
	struct recipients recipients = { .cnt = 0 };
	unsigned char *content = make_content(40), *got;
	size_t len;
	int fd;

	(void)state;
	add_public(&recipients, 1);
	fd = seal(&recipients, lens, 1, content);
	assert_int_equal(lseek(fd, 0, SEEK_END) > 0, 1);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(unseal(fd, 1, &got, &len), -EUCLEAN);
	assert_int_equal(len, 40);
	free(got);
	free(content);
	(void)close(fd);
}

/* A file of the first version, which must be readable for ever: tests/golden/small.bin for key 1. */
static void test_seal_reads_the_golden_file(void **state)
{
	const int fd = open("tests/golden/small.sealed", O_RDONLY | O_CLOEXEC);
	const int clear = open("tests/golden/small.bin", O_RDONLY | O_CLOEXEC);
	unsigned char *want, *got;
	size_t want_len, len;

	(void)state;
	assert_true(fd >= 0 && clear >= 0);
	assert_false(seal_in__is_sealed(clear));
	assert_int_equal(unseal(fd, 1, &got, &len), 0);
	want = whole_file(clear, &want_len);
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	free(want);
	free(got);
	(void)close(fd);
	(void)close(clear);
}

/* libttlogread can't read it, and says what can. */
static void test_seal_is_told_by_the_reader(void **state)
{
	char why[256] = "";
	struct ttlog_snapshot *snapshot =
		ttlog_snapshot_open("tests/golden/small.sealed", why, sizeof(why));

	(void)state;
	assert_non_null(snapshot);
	assert_int_equal(ttlog_snapshot_contents(snapshot)->event_cnt, 0);
	assert_int_not_equal(ttlog_snapshot_contents(snapshot)->problem_cnt, 0);
	assert_non_null(strstr(ttlog_snapshot_contents(snapshot)->problems[0], "it is encrypted"));
	ttlog_snapshot_close(snapshot);
}

static void test_seal_needs_a_recipient(void **state)
{
	struct recipients recipients = { .cnt = 0 };
	char label[FORMAT_SEAL_LABEL_MAX_BYTES + 1] = "";

	(void)state;
	assert_null(seal_out__new(&recipients, NULL, 0));
	add_public(&recipients, 1);
	assert_null(seal_out__new(&recipients, label, sizeof(label)));
	/* no point of the curve: the file's key would be known */
	memset(recipients.keys[0], 0, SEAL_KEY_BYTES);
	assert_null(seal_out__new(&recipients, NULL, 0));
}

static int init(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal_gives_back_each_length),
		cmocka_unit_test(test_seal_for_several),
		cmocka_unit_test(test_seal_cut_anywhere),
		cmocka_unit_test(test_seal_with_any_bit_flipped),
		cmocka_unit_test(test_seal_with_more_after_its_end),
		cmocka_unit_test(test_seal_reads_the_golden_file),
		cmocka_unit_test(test_seal_is_told_by_the_reader),
		cmocka_unit_test(test_seal_needs_a_recipient),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}

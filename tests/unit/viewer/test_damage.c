/* SPDX-License-Identifier: MIT */
/*
 * ttlog-view, the whole program, on damaged files with each output format: status 1, for any
 * damage. test_reader_damage.c tests what the reader finds in each file.
 */
#include <fcntl.h>
#include <lz4frame.h>

#include "../../fuzz/fuzz.h"
#include "view_fixture.h"

/* A sanitizer takes several times as long: then only some of the bytes. */
#ifdef __SANITIZE_ADDRESS__
#define STEP 7
#else
#define STEP 1
#endif

/* The messages about thousands of files are dropped. */
static int silence(void **state)
{
	static int terminal;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	terminal = dup(STDERR_FILENO);
	*state = &terminal;
	return null < 0 || dup2(null, STDERR_FILENO) < 0 || close(null);
}

static int speak(void **state)
{
	const int *terminal = *state;

	return dup2(*terminal, STDERR_FILENO) < 0;
}

static void assert_unreadable(const void *p, size_t len, const char *what, size_t number)
{
	unsigned bad = fuzz__view(bytes__to_fd(p, len));

	if (bad != FUZZ_SAYING)
		fail_msg("%s %zu: only %u of %u ways say so", what, number, bad, FUZZ_SAYING);
}

static void test_damage_cut_at_every_byte(void **state)
{
	struct bytes file = bytes__golden("golden.bin");

	(void)state;
	assert_int_equal(fuzz__view(bytes__to_fd(file.p, file.len)), 0);
	for (size_t len = 0; len < file.len; len += STEP)
		assert_unreadable(file.p, len, "cut at", len);
	free(file.p);
}

/* One bit of each byte; test_reader_damage.c tries all. */
static void test_damage_bits_flipped(void **state)
{
	struct bytes file = bytes__golden("golden.bin");

	(void)state;
	for (size_t i = 0; i < file.len; i += STEP) {
		file.p[i] ^= (unsigned char)(1u << i % 8);
		assert_unreadable(file.p, file.len, "flipped at", i);
		file.p[i] ^= (unsigned char)(1u << i % 8);
	}
	free(file.p);
}

static void test_damage_hostile(void **state)
{
	static unsigned char pack[1 << 20];
	struct bytes packed = bytes__golden("hostile.pack");
	size_t used = packed.len, pack_len = sizeof(pack), at = 0, cnt = 0;
	LZ4F_dctx *context;

	(void)state;
	assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
	assert_int_equal(LZ4F_decompress(context, pack, &pack_len, packed.p, &used, NULL), 0);
	LZ4F_freeDecompressionContext(context);
	for (; at < pack_len; cnt++) {
		char name[64];
		size_t len;
		int head;

		assert_int_equal(sscanf((char *)pack + at, "%63s %zu%n", name, &len, &head), 2);
		at += (size_t)head + 1;
		assert_true(fuzz__view(bytes__to_fd(pack + at, len)) > 0);
		at += len;
	}
	assert_true(cnt > 60);
	free(packed.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage_cut_at_every_byte),
		cmocka_unit_test(test_damage_bits_flipped),
		cmocka_unit_test(test_damage_hostile),
	};

	return cmocka_run_group_tests_name("damage", tests, silence, speak);
}

/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "out_dir.h"
#include "recipients.h"
#include "seal_in.h"
#include "secret_keys.h"
#include "segment_file.h"
#include "snapshot.h"

#define REAL_MS 1796037071303u /* 2026-11-30T11:11:11.303Z */
#define NAME    "ttlog-42-20261130111111303-stream.bin"

struct place {
	char dir[32];
	struct snapshot_target target;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	if (!place)
		return -1;
	strcpy(place->dir, "/tmp/test_segment.XXXXXX");
	if (!mkdtemp(place->dir))
		return -1;
	place->target.dir_fd = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place->target.group = OUT_DIR_NO_GROUP;
	return place->target.dir_fd < 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	int err;

	(void)close(place->target.dir_fd);
	err = temp_dir__remove(place->dir);
	free(place);
	return err;
}

static bool is_there(const struct place *place, const char *name, struct stat *ret)
{
	return fstatat(place->target.dir_fd, name, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_segment_file_has_its_name_while_open(void **state)
{
	const struct place *place = *state;
	struct segment_file file;
	char name[NAME_MAX + 1];
	struct stat st;

	assert_int_equal(segment_file__open(&file, &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_string_equal(file.name, NAME ".part");
	assert_int_equal(segment_file__append(&file, "block", 5, 1000), 0);
	assert_int_equal(segment_file__append(&file, "!", 1, 1000), 0);
	assert_int_equal(segment_file__sync(&file, true), 0);
	assert_true(is_there(place, NAME ".part", &st));
	/* room ahead is no part of it */
	assert_int_equal(st.st_size, 6);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_false(is_there(place, NAME, &st));
	assert_int_equal(segment_file__finish(&file, "svc"), 0);
	assert_int_equal(segment_file__rename(&file, name), 0);
	assert_string_equal(name, NAME);
	assert_int_equal(file.fd, -1);
	assert_true(is_there(place, NAME, &st));
	assert_int_equal(st.st_size, 6);
	/* and was given up */
	assert_true(st.st_blocks * 512 < 64 << 10);
	assert_false(is_there(place, NAME ".part", &st));
}

/* Neither another open segment nor a complete one is touched: the milliseconds move on. */
static void test_segment_file_takes_no_name_twice(void **state)
{
	const struct place *place = *state;
	struct segment_file file[3];
	char name[NAME_MAX + 1];

	assert_int_equal(segment_file__open(&file[0], &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_int_equal(segment_file__append(&file[0], "x", 1, 0), 0);
	assert_int_equal(segment_file__open(&file[1], &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_string_equal(file[1].name, "ttlog-42-20261130111111304-stream.bin.part");
	assert_int_equal(segment_file__finish(&file[0], "svc"), 0);
	assert_int_equal(segment_file__rename(&file[0], name), 0);
	assert_int_equal(segment_file__open(&file[2], &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_string_equal(file[2].name, "ttlog-42-20261130111111305-stream.bin.part");
	segment_file__discard(&file[1]);
	segment_file__discard(&file[2]);
}

/* One whose end is not on the disk keeps its name, for a later try. */
static void test_segment_file_is_left(void **state)
{
	const struct place *place = *state;
	struct segment_file file;
	struct stat st;

	assert_int_equal(segment_file__open(&file, &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_int_equal(segment_file__append(&file, "x", 1, 0), 0);
	segment_file__leave(&file);
	assert_int_equal(file.fd, -1);
	assert_true(is_there(place, NAME ".part", &st));
	segment_file__leave(&file);
}

static void test_segment_file_follows_no_link(void **state)
{
	const struct place *place = *state;
	struct segment_file file;
	struct stat st;

	assert_int_equal(symlinkat("target", place->target.dir_fd, NAME ".part"), 0);
	assert_int_equal(segment_file__open(&file, &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_string_equal(file.name, "ttlog-42-20261130111111304-stream.bin.part");
	assert_false(is_there(place, "target", &st));
	segment_file__discard(&file);
	assert_false(is_there(place, file.name, &st));
}

/* A block that has no room leaves nothing of itself, and what has room can still be written. */
static void test_segment_file_writes_whole_blocks(void **state)
{
	const struct place *place = *state;
	const struct rlimit limit = { 100000, RLIM_INFINITY };
	struct rlimit before;
	struct segment_file file;
	static char block[60000];
	char name[NAME_MAX + 1];
	struct stat st;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(segment_file__open(&file, &place->target, 42, REAL_MS, 1 << 20), 0);
	file.can_have_room = false;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(segment_file__append(&file, block, sizeof(block), 0), 0);
	assert_int_equal(segment_file__append(&file, block, sizeof(block), 0), -EFBIG);
	assert_true(is_there(place, NAME ".part", &st));
	assert_int_equal(st.st_size, sizeof(block));
	assert_int_equal(segment_file__append(&file, "end", 3, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(segment_file__finish(&file, "svc"), 0);
	assert_int_equal(segment_file__rename(&file, name), 0);
	assert_true(is_there(place, NAME, &st));
	assert_int_equal(st.st_size, sizeof(block) + 3);
}

/* Its blocks are what its key's owner reads, also before it is complete. */
static void test_segment_file_is_sealed(void **state)
{
	const struct place *place = *state;
	struct recipients recipients = { .cnt = 1 };
	struct secret_keys keys = { .cnt = 1, .secret = { { 1 } } };
	struct segment_file file;
	char name[NAME_MAX + 1], why[160], got[32] = "";
	int to = openat(place->target.dir_fd, "content", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int fd;

	assert_true(sodium_init() >= 0);
	assert_int_equal(crypto_scalarmult_base(keys.public[0], keys.secret[0]), 0);
	memcpy(recipients.keys[0], keys.public[0], sizeof(keys.public[0]));
	assert_int_equal(segment_file__open(&file, &place->target, 42, REAL_MS, 1 << 20), 0);
	assert_int_equal(segment_file__seal(&file, &recipients, NULL, 0), 0);
	assert_false(file.has_block);
	assert_int_equal(segment_file__append(&file, "one,", 4, 1000), 0);
	assert_true(file.has_block);
	assert_int_equal(seal_in__copy(file.fd, &keys, to, why, sizeof(why)), -ENODATA);
	assert_int_equal(pread(to, got, sizeof(got), 0), 4);
	assert_string_equal(got, "one,");
	assert_int_equal(segment_file__append(&file, "two", 3, 1000), 0);
	assert_int_equal(segment_file__finish(&file, NULL), 0);
	assert_int_equal(segment_file__rename(&file, name), 0);
	assert_null(file.seal);
	fd = openat(place->target.dir_fd, name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(to, 0, SEEK_SET), 0);
	assert_int_equal(seal_in__copy(fd, &keys, to, why, sizeof(why)), 0);
	assert_int_equal(pread(to, got, sizeof(got), 0), 7);
	assert_string_equal(got, "one,two");
	(void)close(fd);
	(void)close(to);
}

static void test_segment_file_open_names(void **state)
{
	static const struct {
		const char *name;
		bool is_open;
	} names[] = {
		{ NAME ".part", true },
		{ "ttlog-1-20261130111111303-stream.bin.part", true },
		{ NAME, false },
		{ "ttlog-42-20261130111111303-crash.bin.part", false },
		{ "ttlog-42-2026113011111130-stream.bin.part", false },
		{ "ttlog-x-20261130111111303-stream.bin.part", false },
		{ "ttlog--20261130111111303-stream.bin.part", false },
		{ "ttlog-42-20261130111111303-stream.bin.part2", false },
		{ "x" NAME ".part", false },
		{ "", false },
		{ "ttlog-", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (segment_file__is_open_name(names[i].name) != names[i].is_open)
			fail_msg("%s", names[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_segment_file_has_its_name_while_open, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_segment_file_takes_no_name_twice, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_segment_file_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_segment_file_follows_no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_segment_file_writes_whole_blocks, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_segment_file_is_sealed, setup, teardown),
		cmocka_unit_test(test_segment_file_open_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

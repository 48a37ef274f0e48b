/* SPDX-License-Identifier: MIT */
/* Which snapshots are deleted when there are too many. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "retain.h"

struct fixture {
	char dir[32];
	int dir_fd;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->dir, "/tmp/test_retain.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fixture->dir_fd < 0 ? -1 : 0;
}

/* How many names are in the directory; deletes them if asked. */
static size_t walk_files(const struct fixture *fixture, int is_delete)
{
	DIR *dir = opendir(fixture->dir);
	struct dirent *entry;
	size_t cnt = 0;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		cnt++;
		if (is_delete)
			(void)unlinkat(fixture->dir_fd, entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
	return cnt;
}

static size_t count_files(const struct fixture *fixture)
{
	return walk_files(fixture, 0);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	(void)walk_files(fixture, 1);
	(void)rmdir(fixture->dir);
	(void)close(fixture->dir_fd);
	free(fixture);
	return 0;
}

static void touch(const struct fixture *fixture, const char *name, off_t bytes)
{
	int fd = openat(fixture->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	(void)close(fd);
}

static int exists(const struct fixture *fixture, const char *name)
{
	return faccessat(fixture->dir_fd, name, F_OK, 0) == 0;
}

static void test_retain_keeps_the_newest(void **state)
{
	struct fixture *fixture = *state;

	touch(fixture, "ttlog-9-20260101000000000-timer.bin", 1000); /* by time, not by name */
	touch(fixture, "ttlog-1-20260102000000000-timer.bin", 1000);
	touch(fixture, "ttlog-1-20260103000000000-a-b.c_d.bin", 1000);
	touch(fixture, "ttlog-1-20260104000000000-now.bin", 1000);
	/* no snapshots */
	touch(fixture, "ttlog-1-2026010100000000-timer.bin", 1000);
	touch(fixture, "ttlog--20260101000000000-timer.bin", 1000);
	touch(fixture, "ttlog-1-20250101000000000-.bin", 1000);
	touch(fixture, "ttlog-1-20250101000000000-timer.bin.gz", 1000);
	touch(fixture, "ttlog-1", 1000);
	touch(fixture, "ttlog-1-", 1000);
	assert_int_equal(symlinkat("ttlog-1", fixture->dir_fd, "ttlog-1-20250101000000000-x.bin"),
			 0);

	assert_int_equal(retain__apply(fixture->dir_fd, 0, 0, NULL), 0);
	assert_int_equal(retain__apply(fixture->dir_fd, 4, 4000, NULL), 0);
	assert_int_equal(count_files(fixture), 11);
	assert_int_equal(retain__apply(fixture->dir_fd, 3, 0, NULL), 0);
	assert_false(exists(fixture, "ttlog-9-20260101000000000-timer.bin"));
	assert_int_equal(count_files(fixture), 10);
	assert_int_equal(retain__apply(fixture->dir_fd, 0, 2999, NULL), 0);
	assert_false(exists(fixture, "ttlog-1-20260102000000000-timer.bin"));
	assert_true(exists(fixture, "ttlog-1-20260103000000000-a-b.c_d.bin"));
	assert_int_equal(count_files(fixture), 9);
	/* the newest one always stays, whatever its size */
	assert_int_equal(retain__apply(fixture->dir_fd, 0, 1, NULL), 0);
	assert_true(exists(fixture, "ttlog-1-20260104000000000-now.bin"));
	assert_int_equal(count_files(fixture), 8);
	assert_int_equal(retain__apply(-1, 1, 1, NULL), -EBADF);
}

/* Timer, request, killed, crash; and of one kind the oldest first. */
static void test_retain_by_reason(void **state)
{
	static const char *const in_order[] = {
		"ttlog-1-20260107000000000-timer.bin",     "ttlog-1-20260108000000000-timer.bin",
		"ttlog-1-20260105000000000-request.bin",   "ttlog-1-20260106000000000-crash2.bin",
		"ttlog-1-20260103000000000-recovered.bin", "ttlog-1-20260104000000000-killed.bin",
		"ttlog-1-20260101000000000-crash.bin",     "ttlog-1-20260102000000000-crash.bin",
	};
	const size_t cnt = sizeof(in_order) / sizeof(*in_order);
	struct fixture *fixture = *state;

	for (size_t i = 0; i < cnt; i++)
		touch(fixture, in_order[i], 1000);
	for (size_t i = 0; i < cnt; i++) {
		struct timespec times[2] = { { .tv_sec = in_order[i][15] }, { 0 } };

		times[1] = times[0];
		assert_int_equal(utimensat(fixture->dir_fd, in_order[i], times, 0), 0);
	}
	for (size_t left = cnt - 1; left; left--) {
		assert_int_equal(retain__apply(fixture->dir_fd, left, 0, NULL), 0);
		for (size_t i = 0; i < cnt; i++)
			assert_int_equal(exists(fixture, in_order[i]), i >= cnt - left);
	}
}

static void test_retain_empty_directory(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(retain__apply(fixture->dir_fd, 1, 1, NULL), 0);
	touch(fixture, "ttlog-1-20260104000000000-timer.bin", 1000);
	assert_int_equal(retain__apply(fixture->dir_fd, 1, 1, NULL), 0);
	assert_int_equal(count_files(fixture), 1);
}

/* Publishes a file as snapshots are published. */
static void publish(const struct fixture *fixture, const char *name)
{
	int fd = openat(fixture->dir_fd, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(retain__make_newest(fixture->dir_fd, fd), 0);
	(void)close(fd);
	assert_int_equal(renameat(fixture->dir_fd, "new", fixture->dir_fd, name), 0);
}

/* The clock is set back from 2099 to now: files that are written after that are still the
 * newest. */
static void test_retain_when_the_clock_is_set_back(void **state)
{
	static const char *const names[] = {
		"ttlog-1-20990103000000000-crash.bin", "ttlog-1-20990104000000000-crash.bin",
		"ttlog-1-20260101000000000-crash.bin", "ttlog-1-20260102000000000-crash.bin",
		"ttlog-1-20251231000000000-crash.bin", /* set back once more */
	};
	const struct timespec in_2099[2] = { { .tv_sec = 4073000000 }, { .tv_sec = 4073000000 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		touch(fixture, names[i], 1000);
		assert_int_equal(utimensat(fixture->dir_fd, names[i], in_2099, 0), 0);
	}
	for (size_t i = 2; i < 5; i++)
		publish(fixture, names[i]);
	for (size_t left = 4; left; left--) {
		assert_int_equal(retain__apply(fixture->dir_fd, left, 0, NULL), 0);
		assert_int_equal(count_files(fixture), left);
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(exists(fixture, names[i]), i >= 5 - left);
	}
}

/* If the file system does not keep the order that we set. */
static void test_retain_never_deletes_what_was_just_written(void **state)
{
	static const char kept[] = "ttlog-1-20260101000000000-crash.bin";
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct fixture *fixture = *state;

	touch(fixture, kept, 1000);
	assert_int_equal(utimensat(fixture->dir_fd, kept, long_ago, 0), 0);
	touch(fixture, "ttlog-1-20260102000000000-timer.bin", 1000);
	touch(fixture, "ttlog-1-20260103000000000-timer.bin", 1000);
	assert_int_equal(retain__apply(fixture->dir_fd, 2, 0, kept), 0);
	assert_true(exists(fixture, kept));
	assert_true(exists(fixture, "ttlog-1-20260103000000000-timer.bin"));
	assert_int_equal(count_files(fixture), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_retain_keeps_the_newest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_by_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_empty_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retain_when_the_clock_is_set_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_retain_never_deletes_what_was_just_written,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

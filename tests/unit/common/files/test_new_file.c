/* SPDX-License-Identifier: MIT */
/* A file that appears whole, on file systems with and without O_TMPFILE, links and
 * RENAME_NOREPLACE. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "new_file.h"

static const char *const NAMES[] = { "ttlog-a", "ttlog-b" };

/* The features that the file system does not have. */
static bool no_links, no_noreplace;

/* Replaces libc's function. */
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	if (no_noreplace && flags) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (no_links) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

struct fixture {
	char dir[32];
	int dir_fd;
};

static int setup(void **state)
{
	static struct fixture fixture;

	strcpy(fixture.dir, "/tmp/test_new_file.XXXXXX");
	if (!mkdtemp(fixture.dir))
		return -1;
	fixture.dir_fd = open(fixture.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &fixture;
	return fixture.dir_fd < 0;
}

static int teardown(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++)
		(void)unlinkat(fixture->dir_fd, NAMES[i], 0);
	(void)close(fixture->dir_fd);
	/* fails if a file is left */
	return rmdir(fixture->dir);
}

static void start(struct new_file *file, const struct fixture *fixture, bool can_be_unnamed)
{
	assert_int_equal(new_file__open(file, fixture->dir_fd, can_be_unnamed), 0);
	assert_int_equal(!file->hidden_name[0], can_be_unnamed);
	assert_int_equal(write(file->fd, "x", 1), 1);
}

static void test_new_file_appears_whole(void **state)
{
	const struct fixture *fixture = *state;
	struct new_file file;
	struct stat st;

	for (int can_be_unnamed = 0; can_be_unnamed < 2; can_be_unnamed++) {
		const char *name = NAMES[can_be_unnamed];

		start(&file, fixture, can_be_unnamed);
		assert_int_equal(fstatat(fixture->dir_fd, name, &st, 0), -1);
		assert_int_equal(new_file__sync(&file), 0);
		assert_int_equal(new_file__publish(&file, name), 0);
		new_file__close(&file);
		assert_int_equal(fstatat(fixture->dir_fd, name, &st, 0), 0);
		assert_int_equal(st.st_size, 1);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(temp_dir__file_cnt(fixture->dir), can_be_unnamed + 1);
	}
}

/* A file that was not published leaves nothing. */
static void test_new_file_never_over_another(void **state)
{
	const struct fixture *fixture = *state;
	struct new_file file;

	start(&file, fixture, true);
	assert_int_equal(new_file__publish(&file, NAMES[0]), 0);
	new_file__close(&file);
	for (int can_be_unnamed = 0; can_be_unnamed < 2; can_be_unnamed++) {
		start(&file, fixture, can_be_unnamed);
		assert_int_equal(new_file__publish(&file, NAMES[0]), -EEXIST);
		new_file__close(&file);
		assert_int_equal(temp_dir__file_cnt(fixture->dir), 1);
		start(&file, fixture, can_be_unnamed);
		new_file__close(&file);
		assert_int_equal(temp_dir__file_cnt(fixture->dir), 1);
	}
}

/* exFAT has neither; NFS has links alone. */
static void test_new_file_on_poor_file_systems(void **state)
{
	const struct fixture *fixture = *state;
	struct new_file file;
	struct stat st;

	no_noreplace = true;
	for (int i = 0; i < 2; i++) {
		no_links = i;
		start(&file, fixture, false);
		assert_int_equal(new_file__publish(&file, NAMES[i]), 0);
		new_file__close(&file);
		assert_int_equal(fstatat(fixture->dir_fd, NAMES[i], &st, 0), 0);
		assert_int_equal(st.st_size, 1);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(temp_dir__file_cnt(fixture->dir), i + 1);
		start(&file, fixture, false);
		assert_int_equal(write(file.fd, "yz", 2), 2);
		assert_int_equal(new_file__publish(&file, NAMES[i]), -EEXIST);
		new_file__close(&file);
		assert_int_equal(fstatat(fixture->dir_fd, NAMES[i], &st, 0), 0);
		assert_int_equal(st.st_size, 1);
		assert_int_equal(temp_dir__file_cnt(fixture->dir), i + 1);
	}
	no_links = no_noreplace = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_file_appears_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_file_never_over_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_file_on_poor_file_systems, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("new_file", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The recorder's files through a broker that serves this process, with the errors of the system
 * calls. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "dir_calls.h"
#include "new_file.h"
#include "out_dir.h"
#include "output_dir.h"

#define NAME  "ttlog-1-20261130143304123-crash.bin"
#define OTHER "ttlog-2-20261130143304123-crash.bin"

struct fixture {
	char root[40], path[PATH_MAX];
	int dir_fd;
};

static int setup(void **state)
{
	static struct fixture fixture;
	char path[64];

	output_dir__use_broker();
	strcpy(fixture.root, "/tmp/test_output_dir.XXXXXX");
	if (!mkdtemp(fixture.root))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/./out", fixture.root);
	fixture.dir_fd = out_dir__open(path, OUT_DIR_NO_GROUP, fixture.path);
	*state = &fixture;
	return fixture.dir_fd < 0;
}

static int teardown(void **state)
{
	const struct fixture *fixture = *state;

	dir_calls__use(&dir_calls__plain);
	(void)close(fixture->dir_fd);
	return temp_dir__remove(fixture->root);
}

static void test_output_dir_is_opened(void **state)
{
	const struct fixture *fixture = *state;
	char path[64], ret_path[PATH_MAX] = "as it was";

	(void)snprintf(path, sizeof(path), "%s/out", fixture->root);
	assert_string_equal(fixture->path, path);
	assert_int_equal(fcntl(fixture->dir_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(close(openat(fixture->dir_fd, "file", O_CREAT | O_WRONLY, 0600)), 0);
	(void)strcat(path, "/file");
	assert_int_equal(out_dir__open(path, OUT_DIR_NO_GROUP, ret_path), -ENOTDIR);
	assert_string_equal(ret_path, "as it was");
}

static void publish(const struct fixture *fixture, bool can_be_unnamed, const char *name, int want)
{
	struct new_file file;

	assert_int_equal(new_file__open(&file, fixture->dir_fd, can_be_unnamed), 0);
	assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(file.fd, "x", 1), 1);
	assert_int_equal(new_file__publish(&file, name), want);
	new_file__close(&file);
}

static void test_output_dir_has_new_files(void **state)
{
	const struct fixture *fixture = *state;
	struct stat st;

	publish(fixture, true, NAME, 0);
	publish(fixture, true, NAME, -EEXIST);
	publish(fixture, false, OTHER, 0);
	publish(fixture, false, OTHER, -EEXIST);
	assert_int_equal(temp_dir__file_cnt(fixture->path), 2);
	assert_int_equal(dir_calls__look(fixture->dir_fd, NAME, &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
}

static void expect(int result, int err)
{
	assert_int_equal(result, -1);
	assert_int_equal(errno, err);
}

static void test_output_dir_errors(void **state)
{
	const int dir_fd = ((const struct fixture *)*state)->dir_fd;
	char too_long[NAME_MAX + 2];
	struct stat st = { .st_size = 77 };

	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	expect(dir_calls__look(dir_fd, NAME, &st), ENOENT);
	assert_int_equal(st.st_size, 77);
	expect(dir_calls__unlink(dir_fd, NAME), ENOENT);
	expect(dir_calls__open(dir_fd, NAME, O_RDONLY, 0), ENOENT);
	expect(dir_calls__open(dir_fd, too_long, O_RDONLY, 0), ENAMETOOLONG);
	expect(dir_calls__open(-1, NAME, O_RDONLY, 0), EBADF);
	expect(dir_calls__link(dir_fd, NAME, OTHER), ENOENT);
	expect(dir_calls__rename(dir_fd, NAME, OTHER, RENAME_NOREPLACE), ENOENT);
	assert_int_equal(symlinkat("nowhere", dir_fd, NAME), 0);
	expect(dir_calls__open(dir_fd, NAME, O_RDONLY | O_NOFOLLOW, 0), ELOOP);
	assert_int_equal(dir_calls__look(dir_fd, NAME, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(dir_calls__rename(dir_fd, NAME, OTHER, 0), 0);
	assert_int_equal(dir_calls__unlink(dir_fd, OTHER), 0);
	expect(dir_calls__look(dir_fd, OTHER, &st), ENOENT);
}

static void test_output_dir_attributes_and_group(void **state)
{
	const int dir_fd = ((const struct fixture *)*state)->dir_fd;
	const int fd = dir_calls__open(dir_fd, NAME, O_RDWR | O_CREAT | O_EXCL, 0600);
	char value[32] = "";
	struct stat st;

	assert_true(fd >= 0);
	if (dir_calls__set_attribute(fd, "user.ttlog.service", "api", 3)) {
		/* this file system has none: as the system call says */
		assert_int_equal(errno, EOPNOTSUPP);
		expect(fsetxattr(fd, "user.ttlog.service", "api", 3, 0), EOPNOTSUPP);
	} else {
		assert_int_equal(fgetxattr(fd, "user.ttlog.service", value, sizeof(value)), 3);
		assert_string_equal(value, "api");
	}
	assert_int_equal(dir_calls__share(fd, getegid()), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(close(fd), 0);
}

static void test_output_dir_is_made_anew(void **state)
{
	const struct fixture *fixture = *state;
	struct stat before, after;

	assert_int_equal(fstat(fixture->dir_fd, &before), 0);
	assert_int_equal(out_dir__refresh(fixture->path, OUT_DIR_NO_GROUP, fixture->dir_fd), 0);
	assert_int_equal(fstat(fixture->dir_fd, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(rmdir(fixture->path), 0);
	assert_int_equal(out_dir__refresh(fixture->path, OUT_DIR_NO_GROUP, fixture->dir_fd), 0);
	publish(fixture, true, NAME, 0);
	assert_int_equal(temp_dir__file_cnt(fixture->path), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_output_dir_is_opened),    CASE(test_output_dir_has_new_files),
		CASE(test_output_dir_errors),       CASE(test_output_dir_attributes_and_group),
		CASE(test_output_dir_is_made_anew),
	};

	return cmocka_run_group_tests_name("output_dir", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Directories that exist already, with all kinds of owners and modes; as root. */
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
#include <unistd.h>
#include <cmocka.h>

#include "temp_dir.h"
#include "out_dir.h"

#define GROUP 4321
#define OTHER 1234
#define BYTES 64

static char real_path[PATH_MAX];

static int setup(void **state)
{
	static char dir[] = "/tmp/test_out_dir.XXXXXX";

	memcpy(strrchr(dir, '.') + 1, "XXXXXX", 6);
	*state = dir;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	return temp_dir__remove(*state);
}

static const char *made(const char *dir, mode_t mode, uid_t uid)
{
	static char path[BYTES];

	(void)snprintf(path, sizeof(path), "%s/out", dir);
	(void)rmdir(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, uid, (gid_t)-1), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void expect(const char *path, gid_t group, mode_t mode, gid_t want)
{
	const int fd = out_dir__open(path, group, real_path);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_gid, want);
	assert_int_equal(close(fd), 0);
}

static void test_out_dir_without_group(void **state)
{
	char path[BYTES];

	(void)snprintf(path, sizeof(path), "%s/a/b", (const char *)*state);
	expect(path, OUT_DIR_NO_GROUP, 0700, getegid());
	expect(made(*state, 0755, geteuid()), OUT_DIR_NO_GROUP, 0755, getegid());
	(void)strcat(strcpy(path, *state), "/a/b");
	assert_int_equal(rmdir(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

static void test_out_dir_is_given_to_a_group(void **state)
{
	char path[BYTES];

	if (geteuid())
		skip();
	(void)snprintf(path, sizeof(path), "%s/new", (const char *)*state);
	expect(path, GROUP, 0750, GROUP);
	expect(path, GROUP, 0750, GROUP);
	expect(path, GROUP + 1, 0750, GROUP + 1);
	assert_int_equal(rmdir(path), 0);
	expect(made(*state, 0755, 0), GROUP, 0750, GROUP);
	expect(made(*state, 0700, 0), GROUP, 0750, GROUP);
}

static void test_out_dir_that_others_can_change_is_refused(void **state)
{
	struct stat st;
	const char *path;

	if (geteuid())
		skip();
	assert_int_equal(out_dir__open(made(*state, 0777, 0), GROUP, real_path), -EPERM);
	assert_int_equal(out_dir__open(made(*state, 01777, 0), GROUP, real_path), -EPERM);
	assert_int_equal(out_dir__open(made(*state, 0770, 0), GROUP, real_path), -EPERM);
	path = made(*state, 0700, OTHER);
	assert_int_equal(out_dir__open(path, GROUP, real_path), -EPERM);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_not_equal(st.st_gid, GROUP);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* It may be moved, removed, and replaced. */
static void test_out_dir_is_made_anew(void **state)
{
	char path[BYTES], moved[BYTES], file[BYTES + 8];
	int fd;
	ino_t first;

	(void)strcpy(path, made(*state, 0700, geteuid()));
	fd = out_dir__open(path, OUT_DIR_NO_GROUP, real_path);
	assert_true(fd >= 0);
	first = inode_of(fd);
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), 0);
	assert_int_equal(inode_of(fd), first);
	(void)snprintf(moved, sizeof(moved), "%s/moved", (const char *)*state);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), 0);
	assert_int_not_equal(inode_of(fd), first);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* files appear where the path leads */
	assert_int_equal(close(openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	(void)snprintf(file, sizeof(file), "%s/file", path);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rename(moved, path), 0);
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), 0);
	assert_int_equal(inode_of(fd), first);
	/* without its parent it is not made */
	(void)strcat(path, "/gone/dir");
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), -ENOENT);
	assert_int_equal(inode_of(fd), first);
	assert_int_equal(close(fd), 0);
}

static void test_out_dir_of_another_user_is_refused(void **state)
{
	char path[BYTES];
	int fd;
	ino_t first;

	if (geteuid())
		skip();
	(void)strcpy(path, made(*state, 0700, 0));
	fd = out_dir__open(path, OUT_DIR_NO_GROUP, real_path);
	assert_true(fd >= 0);
	first = inode_of(fd);
	(void)made(*state, 0700, OTHER);
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), -EPERM);
	(void)made(*state, 0777, 0);
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), -EPERM);
	assert_int_equal(inode_of(fd), first);
	(void)made(*state, 0755, 0);
	assert_int_equal(out_dir__refresh(path, OUT_DIR_NO_GROUP, fd), 0);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_out_dir_without_group),
		CASE(test_out_dir_is_given_to_a_group),
		CASE(test_out_dir_that_others_can_change_is_refused),
		CASE(test_out_dir_is_made_anew),
		CASE(test_out_dir_of_another_user_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

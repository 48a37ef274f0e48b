/* SPDX-License-Identifier: MIT */
/*
 * What --output writes if the file system accepts every write and fails at the close for want of
 * room, as NFS does; and if /proc is not mounted. This program's own functions simulate both.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "new_output.h"

static bool is_full, has_no_proc;

int access(const char *path, int mode)
{
	if (!has_no_proc || strncmp(path, "/proc/", 6))
		return faccessat(AT_FDCWD, path, mode, 0);
	errno = ENOENT;
	return -1;
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (!has_no_proc || strncmp(from, "/proc/", 6))
		return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
	errno = ENOENT;
	return -1;
}

int close(int fd)
{
	struct stat st;
	const bool is_written = !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size == 3;
	const long done = syscall(SYS_close, fd);

	if (done || !is_full || !is_written)
		return (int)done;
	errno = ENOSPC;
	return -1;
}

struct fixture {
	char dir[48], path[64];
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void expect_file(const char *path, const char *text)
{
	char read[16] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(fgets(read, sizeof(read), file));
	assert_int_equal(fclose(file), 0);
	assert_string_equal(read, text);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	is_full = has_no_proc = false;
	strcpy(fixture->dir, "/tmp/test_new_output.XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/out", fixture->dir);
	write_file(fixture->path, "was there");
	return 0;
}

/* The directory must contain only the file. */
static int teardown(void **state)
{
	struct fixture *fixture = *state;
	const int left = unlink(fixture->path) || rmdir(fixture->dir);

	free(fixture);
	return left;
}

static int write_new(const struct fixture *fixture, bool can_be_unnamed)
{
	struct new_output output;
	int err;

	assert_int_equal(new_output__open(&output, fixture->path, can_be_unnamed), 0);
	assert_int_equal(write(output.fd, "new", 3), 3);
	err = new_output__publish(&output);
	new_output__fini(&output);
	return err;
}

static void test_new_output_replaces(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write_new(fixture, true), 0);
	expect_file(fixture->path, "new");
	write_file(fixture->path, "was there");
	assert_int_equal(write_new(fixture, false), 0);
	expect_file(fixture->path, "new");
}

static void test_new_output_full_at_the_close(void **state)
{
	struct fixture *fixture = *state;

	is_full = true;
	assert_int_equal(write_new(fixture, true), -ENOSPC);
	expect_file(fixture->path, "was there");
	assert_int_equal(write_new(fixture, false), -ENOSPC);
	expect_file(fixture->path, "was there");
}

static void test_new_output_without_proc(void **state)
{
	struct fixture *fixture = *state;

	has_no_proc = true;
	assert_int_equal(write_new(fixture, true), 0);
	expect_file(fixture->path, "new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_output_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_output_full_at_the_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_output_without_proc, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

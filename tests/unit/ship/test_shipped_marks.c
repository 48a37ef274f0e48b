/* SPDX-License-Identifier: MIT */
/* Names that the collector heeds. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "shipped_dir.h"
#include "shipped_marks.h"
#include "temp_dir.h"

#define NAME  "ttlog-1-20261130143304123-crash.bin"
#define OTHER "ttlog-2-20261130143304123-crash.bin"

struct fixture {
	char root[40];
	int marks_fd;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .root = "/tmp/test_shipped_marks.XXXXXX" };
	if (!mkdtemp(fixture.root))
		return -1;
	fixture.marks_fd = shipped_marks__open(fixture.root);
	*state = &fixture;
	return fixture.marks_fd < 0;
}

static int teardown(void **state)
{
	const struct fixture *fixture = *state;

	(void)close(fixture->marks_fd);
	return temp_dir__remove(fixture->root);
}

/* Its size, or -errno. */
static int size_of(const struct fixture *fixture, const char *name)
{
	char path[128];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/" SHIPPED_DIR "/%s", fixture->root, name);
	return lstat(path, &status) ? -errno : S_ISREG(status.st_mode) ? (int)status.st_size : -1;
}

static void test_shipped_marks_are_empty_files(void **state)
{
	const struct fixture *fixture = *state;
	int again;

	assert_int_equal(size_of(fixture, NAME), -ENOENT);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(shipped_marks__set(fixture->marks_fd, NAME, true), 0);
		assert_int_equal(size_of(fixture, NAME), 0);
	}
	again = shipped_marks__open(fixture->root);
	assert_true(again >= 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(shipped_marks__set(again, NAME, false), 0);
		assert_int_equal(size_of(fixture, NAME), -ENOENT);
	}
	(void)close(again);
	assert_int_equal(shipped_marks__open("/nonexistent"), -ENOENT);
	assert_int_equal(symlinkat("/etc/passwd", fixture->marks_fd, OTHER), 0);
	assert_int_equal(shipped_marks__set(fixture->marks_fd, OTHER, true), -ELOOP);
}

static void test_shipped_marks_of_files_that_went(void **state)
{
	const struct fixture *fixture = *state;
	const int spool_fd = open(fixture->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(shipped_marks__set(spool_fd, NAME, true), 0); /* any file of that name */
	assert_int_equal(shipped_marks__set(fixture->marks_fd, NAME, true), 0);
	assert_int_equal(shipped_marks__set(fixture->marks_fd, OTHER, true), 0);
	assert_int_equal(shipped_marks__set(fixture->marks_fd, "other", true), 0);
	assert_int_equal(shipped_marks__forget_gone(fixture->marks_fd, spool_fd), 0);
	assert_int_equal(size_of(fixture, NAME), 0);
	assert_int_equal(size_of(fixture, OTHER), -ENOENT);
	assert_int_equal(size_of(fixture, "other"), 0);
	(void)close(spool_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shipped_marks_are_empty_files, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_shipped_marks_of_files_that_went, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

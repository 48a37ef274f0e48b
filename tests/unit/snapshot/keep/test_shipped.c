/* SPDX-License-Identifier: MIT */
/* What a directory of another user may have in it. */
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

#include "age_clock.h"
#include "array.h"
#include "kept_file.h"
#include "retain.h"
#include "shelf.h"
#include "shipped.h"
#include "temp_dir.h"

#define NAME_OF(n) "ttlog-" #n "-20260101000000000-crash.bin"

struct fixture {
	char root[40];
	int dir_fd, shipped_fd;
	struct shelf shelf;
};

static const char *const names[] = { NAME_OF(1), NAME_OF(2), NAME_OF(3), NAME_OF(4), NAME_OF(5) };

static void touch(int dir_fd, const char *name)
{
	const int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static int open_in(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .root = "/tmp/test_shipped.XXXXXX" };
	if (!mkdtemp(fixture.root))
		return -1;
	fixture.dir_fd = open_in(AT_FDCWD, fixture.root);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		touch(fixture.dir_fd, names[i]);
	if (mkdirat(fixture.dir_fd, "shipped", 0700) || shelf__read(&fixture.shelf, fixture.dir_fd))
		return -1;
	fixture.shipped_fd = open_in(fixture.dir_fd, "shipped");
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	shelf__fini(&fixture->shelf);
	(void)close(fixture->shipped_fd);
	(void)close(fixture->dir_fd);
	return temp_dir__remove(fixture->root);
}

/* A digit for each file that is shipped. */
static const char *shipped(struct fixture *fixture)
{
	static char digits[ARRAY_SIZE(names) + 1];
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (shelf__find(&fixture->shelf, names[i])->is_shipped)
			digits[len++] = (char)('1' + i);
	}
	digits[len] = '\0';
	return digits;
}

static void read_names(struct fixture *fixture)
{
	assert_int_equal(shipped__read(&fixture->shelf, open_in(fixture->dir_fd, "shipped")), 0);
}

static void test_shipped_by_name(void **state)
{
	struct fixture *fixture = *state;

	read_names(fixture);
	assert_string_equal(shipped(fixture), "");
	touch(fixture->shipped_fd, names[1]);
	touch(fixture->shipped_fd, names[4]);
	read_names(fixture);
	assert_string_equal(shipped(fixture), "25");
	assert_int_equal(unlinkat(fixture->shipped_fd, names[1], 0), 0);
	read_names(fixture);
	assert_string_equal(shipped(fixture), "5");
	assert_int_equal(shipped__read(&fixture->shelf, -ENOENT), -ENOENT);
	assert_string_equal(shipped(fixture), "");
	/* no directory at all */
	assert_int_equal(shipped__read(&fixture->shelf, open("/dev/null", O_RDONLY | O_CLOEXEC)),
			 -ENOTDIR);
}

/* Nothing is opened, whatever it is. */
static void test_shipped_with_others(void **state)
{
	struct fixture *fixture = *state;
	const int fd = openat(fixture->shipped_fd, "huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
	(void)close(fd);
	assert_int_equal(symlinkat(names[0], fixture->shipped_fd, names[0]), 0);
	assert_int_equal(mkfifoat(fixture->shipped_fd, names[1], 0600), 0);
	assert_int_equal(mkdirat(fixture->shipped_fd, names[2], 0700), 0);
	touch(fixture->shipped_fd, NAME_OF(77));
	touch(fixture->shipped_fd, "ttlog-1-20260101000000000-crash.bin\n\x1b[2J");
	touch(fixture->shipped_fd, names[4]);
	read_names(fixture);
	assert_string_equal(shipped(fixture), "5");
}

/* How many names a look at the directory leaves unread. */
static size_t count_unread(struct fixture *fixture)
{
	const int fd = open_in(fixture->dir_fd, "shipped");
	size_t cnt = 0;
	DIR *rest;

	assert_int_equal(shipped__read(&fixture->shelf, dup(fd)), 0);
	rest = fdopendir(fd); /* it goes on from there */
	assert_non_null(rest);
	while (readdir(rest))
		cnt++;
	(void)closedir(rest);
	return cnt;
}

/* It takes bounded time. */
static void test_shipped_of_very_many(void **state)
{
	struct fixture *fixture = *state;
	char name[32];

	touch(fixture->shipped_fd, "x");
	for (unsigned i = 0; i < 14000; i++) {
		(void)snprintf(name, sizeof(name), "x%u", i);
		assert_int_equal(linkat(fixture->shipped_fd, "x", fixture->shipped_fd, name, 0), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		touch(fixture->shipped_fd, names[i]);
	assert_true(count_unread(fixture) > 0);
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "x%u", i);
		assert_int_equal(unlinkat(fixture->shipped_fd, name, 0), 0);
	}
	assert_int_equal(count_unread(fixture), 0);
	assert_string_equal(shipped(fixture), "12345");
}

/* ---- what stays ---- */

struct looks {
	const struct fixture *fixture;
	size_t cnt;
};

static int open_shipped(void *ctx)
{
	struct looks *looks = ctx;
	const int fd = open_in(looks->fixture->dir_fd, "shipped");

	looks->cnt++;
	return fd < 0 ? -errno : fd;
}

/* A digit for each file that is there. */
static const char *there(const struct fixture *fixture)
{
	static char digits[ARRAY_SIZE(names) + 1];
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!faccessat(fixture->dir_fd, names[i], F_OK, 0))
			digits[len++] = (char)('1' + i);
	}
	digits[len] = '\0';
	return digits;
}

/* All files are too many and too old. */
static void test_shipped_goes_and_the_rest_stays(void **state)
{
	const struct fixture *fixture = *state;
	struct looks looks = { .fixture = fixture };
	struct retain_options options = { 1, .max_age_ns = 1, .open_shipped = open_shipped,
					  .ctx = &looks };
	struct retain *retain = retain__new(fixture->dir_fd, &options);
	struct age_clock_time now;
	int fd;

	assert_non_null(retain);
	age_clock__now(&now);
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	touch(fixture->shipped_fd, names[0]);
	touch(fixture->shipped_fd, names[3]);
	/* what was looked at a moment ago is not looked at again */
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(looks.cnt, 1);
	assert_string_equal(there(fixture), "12345");
	now.boot_ns += 2000000000;
	now.real_ns += 2000000000;
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_int_equal(looks.cnt, 2);
	assert_string_equal(there(fixture), "235");
	/* --max-disk wins */
	fd = openat(fixture->dir_fd, NAME_OF(6), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 2000), 0);
	(void)close(fd);
	options.max_bytes = 1000;
	assert_int_equal(retain__change(retain, &options), 0);
	assert_int_equal(retain__apply_at(retain, NULL, &now), 0);
	assert_string_equal(there(fixture), "");
	retain__free(retain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shipped_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shipped_with_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shipped_of_very_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shipped_goes_and_the_rest_stays, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The events of a file, as a pipe, with programs in the place of ttlog-view. */
#include <errno.h>
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

#include "info_helper.h"
#include "temp_dir.h"

#define NAME "ttlog-77-20261121153021357-crash.bin"

static char dir[] = "/tmp/ttlog-helper-XXXXXX";
static char view[64];

static struct info_helper *start(const char *script)
{
	FILE *file = fopen(view, "we");
	struct info_helper *helper;

	assert_true(file && fputs(script, file) >= 0 && !fclose(file) && !chmod(view, 0700));
	helper = info_helper__start(dir, view);
	assert_non_null(helper);
	return helper;
}

static size_t read_all(int fd, char *ret, size_t size)
{
	size_t len = 0;
	ssize_t more;

	while ((more = read(fd, ret + len, size - len - 1)) > 0)
		len += (size_t)more;
	assert_int_equal(more, 0);
	ret[len] = '\0';
	return len;
}

static void test_info_helper_events(void **state)
{
	struct info_helper *helper = start("#!/bin/sh\necho \"$*\"; exit 1\n");
	char text[256], want[256];
	int fd = info_helper__open_events(helper, NAME);
	char *info;

	(void)state;
	assert_true(fd >= 0);
	(void)read_all(fd, text, sizeof(text));
	(void)snprintf(want, sizeof(want), "--format otlp-json %s/" NAME "\n", dir);
	assert_string_equal(text, want);
	assert_int_equal(info_helper__close_events(helper, fd), -ENODATA);
	/* and again, the other kind of question */
	info = info_helper__ask(helper, NAME, sizeof(text));
	(void)snprintf(want, sizeof(want), "--info --format json %s/" NAME, dir);
	assert_string_equal(info, want);
	free(info);
	info_helper__end(helper);
}

static void test_info_helper_events_that_are_not_read(void **state)
{
	struct info_helper *helper = start("#!/bin/sh\nexec cat /dev/zero\n");
	char byte;

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = info_helper__open_events(helper, NAME);

		assert_true(fd >= 0);
		assert_int_equal(read(fd, &byte, 1), 1);
		/* the program ends by that, else this would not */
		(void)info_helper__close_events(helper, fd);
	}
	info_helper__end(helper);
}

static void test_info_helper_without_a_program(void **state)
{
	struct info_helper *helper = info_helper__start(dir, "/nonexistent/ttlog-view");
	char text[16];
	int fd;

	(void)state;
	assert_non_null(helper);
	fd = info_helper__open_events(helper, NAME);
	assert_int_equal(read_all(fd, text, sizeof(text)), 0);
	assert_int_equal(info_helper__close_events(helper, fd), -ENOEXEC);
	/* not a name of ours */
	fd = info_helper__open_events(helper, "../../etc/passwd");
	assert_int_equal(read_all(fd, text, sizeof(text)), 0);
	assert_int_equal(info_helper__close_events(helper, fd), -ENOEXEC);
	info_helper__end(helper);
}

static int make_dir(void **state)
{
	(void)state;
	if (temp_dir__make(dir))
		return -1;
	(void)snprintf(view, sizeof(view), "%s/view", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		CASE(test_info_helper_events),
		CASE(test_info_helper_events_that_are_not_read),
		CASE(test_info_helper_without_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What is known of a file, with programs in the place of ttlog-view that say one thing or another. */
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
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "file_info.h"
#include "temp_dir.h"

#define NAME "ttlog-77-20261121153021357-my-reason.bin"

static char dir[] = "/tmp/ttlog-info-XXXXXX";
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

static int open_file(void)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, NAME);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void test_file_info_is_what_the_viewer_says(void **state)
{
	/* the command that it is asked by is part of what it says */
	struct info_helper *helper = start(
		"#!/bin/sh\nprintf '{\"service\":\"a.b.>\",\"reason\":\"crash\",\"by\":\"%s\"}\\n' "
		"\"$*\"\n");
	struct file_info info;
	char want[256];
	int fd = open_file();

	(void)state;
	(void)snprintf(want, sizeof(want),
		       "{\"service\":\"a.b.>\",\"reason\":\"crash\",\"by\":\"--info --format json "
		       "%s/" NAME "\"}",
		       dir);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(file_info__read(&info, helper, NAME, fd, "h"), 0);
		assert_string_equal(info.json, want);
		assert_string_equal(info.service, "a.b.>");
		assert_string_equal(info.reason, "crash");
		file_info__fini(&info);
	}
	(void)close(fd);
	info_helper__end(helper);
}

static void check_guess(const char *script)
{
	struct info_helper *helper = start(script);
	struct file_info info;
	int fd = open_file();

	assert_int_equal(file_info__read(&info, helper, NAME, fd, "web1-01234567"), 0);
	assert_string_equal(info.json,
			    "{\"host\":\"web1-01234567\",\"pid\":77,\"reason\":\"my-reason\","
			    "\"created_at\":\"2026-11-21T15:30:21.357Z\"}");
	assert_string_equal(info.service, "unknown");
	assert_string_equal(info.reason, "my-reason");
	file_info__fini(&info);
	(void)close(fd);
	info_helper__end(helper);
}

static void test_file_info_is_guessed(void **state)
{
	(void)state;
	check_guess("#!/bin/sh\nexit 1\n");
	check_guess("#!/bin/sh\necho 'no json'\n");
	check_guess("#!/bin/sh\nkill -SEGV $$\n");
	/* more than can be: the program is ended by that */
	check_guess("#!/bin/sh\nexec cat /dev/zero\n");
}

static void test_file_info_is_guessed_from_attributes(void **state)
{
	struct info_helper *helper = start("#!/bin/sh\nexit 1\n");
	struct file_info info;
	int fd = open_file();

	(void)state;
	if (fsetxattr(fd, "user.ttlog.service", "shop", 4, 0) ||
	    fsetxattr(fd, "user.ttlog.signature", "0123456789abcdef", 16, 0)) {
		(void)close(fd);
		info_helper__end(helper);
		skip();
	}
	assert_int_equal(file_info__read(&info, helper, NAME, fd, "h"), 0);
	assert_string_equal(info.service, "shop");
	assert_non_null(strstr(info.json, "\"signature\":\"0123456789abcdef\""));
	file_info__fini(&info);
	assert_int_equal(fsetxattr(fd, "user.ttlog.service", "\xff", 1, 0), 0);
	assert_int_equal(file_info__read(&info, helper, NAME, fd, "h"), 0);
	assert_string_equal(info.service, "unknown");
	file_info__fini(&info);
	(void)close(fd);
	info_helper__end(helper);
}

static void test_file_info_is_not_guessed_if_the_viewer_was_ended(void **state)
{
	struct info_helper *helper = start("#!/bin/sh\nkill -TERM $$\n");
	struct file_info info;
	int fd = open_file();

	(void)state;
	assert_int_equal(file_info__read(&info, helper, NAME, fd, "h"), -EINTR);
	info_helper__end(helper);
	helper = info_helper__start(dir, "/nonexistent/ttlog-view");
	assert_int_equal(file_info__read(&info, helper, NAME, fd, "h"), -ENOEXEC);
	/* not a name of ours */
	assert_null(info_helper__ask(helper, "../../etc/passwd", 100));
	assert_int_equal(errno, ENOEXEC);
	info_helper__end(helper);
	(void)close(fd);
}

/* Says how often it was started, and fails the first time if it is told so. */
#define COUNTS                                                                                     \
	"#!/bin/sh\necho x >>$0.cnt\ncnt=$(wc -l <$0.cnt)\n"                                       \
	"[ $cnt = \"$(cat $0.fails 2>/dev/null)\" ] && kill -SEGV $$\n"                            \
	"printf '{\"service\":\"%d\"}\n' $cnt\n"

static void check_service(struct info_helper *helper, const char *name, const char *want)
{
	struct file_info info;
	int fd = open_file();

	assert_int_equal(file_info__read(&info, helper, name, fd, "h"), 0);
	assert_string_equal(info.service, want);
	file_info__fini(&info);
	(void)close(fd);
}

static void test_file_info_is_asked_ahead(void **state)
{
	static const char other[] = "ttlog-78-20261121153021357-my-reason.bin";
	struct info_helper *helper = start(COUNTS);

	(void)state;
	file_info__begin(helper, NAME);
	/* one at a time */
	file_info__begin(helper, other);
	check_service(helper, NAME, "1");
	check_service(helper, NAME, "2");
	/* the one that was asked ahead waits for its turn */
	file_info__begin(helper, NAME);
	check_service(helper, other, "4");
	check_service(helper, NAME, "3");
	/* what is not needed gives way */
	file_info__begin(helper, NAME);
	check_service(helper, other, "6");
	file_info__begin(helper, other);
	check_service(helper, other, "7");
	check_service(helper, NAME, "8");
	/* its end, with one asked */
	file_info__begin(helper, NAME);
	info_helper__end(helper);
}

static void test_file_info_is_asked_again_if_that_ahead_failed(void **state)
{
	struct info_helper *helper = start(COUNTS);
	char path[128];
	FILE *file;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s.fails", view);
	file = fopen(path, "we");
	assert_true(file && fputs("1\n", file) >= 0 && !fclose(file));
	file_info__begin(helper, NAME);
	check_service(helper, NAME, "2");
	info_helper__end(helper);
}

static int make_dir(void **state)
{
	(void)state;
	(void)strcpy(strrchr(dir, '-'), "-XXXXXX");
	if (!mkdtemp(dir))
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
		CASE(test_file_info_is_what_the_viewer_says),
		CASE(test_file_info_is_guessed),
		CASE(test_file_info_is_guessed_from_attributes),
		CASE(test_file_info_is_not_guessed_if_the_viewer_was_ended),
		CASE(test_file_info_is_asked_ahead),
		CASE(test_file_info_is_asked_again_if_that_ahead_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

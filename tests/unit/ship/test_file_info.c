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

/* Says a line for each file: how often it was started. Fails at the start that it is told, or leaves out the last
 * line of those of several. */
#define COUNTS                                                                                     \
	"#!/bin/sh\necho x >>$0.cnt\ncnt=$(wc -l <$0.cnt)\nshift 3\n"                              \
	"[ $cnt = \"$(cat $0.fails 2>/dev/null)\" ] && kill -SEGV $$\n"                            \
	"[ $# -gt 1 -a $cnt = \"$(cat $0.short 2>/dev/null)\" ] && shift\n"                        \
	"for file; do printf '{\"service\":\"%d\",\"file\":\"%s\"}\n' $cnt ${file##*/}; done\n"

#define OTHER "ttlog-78-20261121153021357-my-reason.bin"

static void check_service(struct info_helper *helper, const char *name, const char *want)
{
	struct file_info info;
	int fd = open_file();

	assert_int_equal(file_info__read(&info, helper, name, fd, "h"), 0);
	assert_string_equal(info.service, want);
	assert_non_null(strstr(info.json, name));
	file_info__fini(&info);
	(void)close(fd);
}

static void tell(const char *what, const char *number)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s.%s", view, what);
	file = fopen(path, "we");
	assert_true(file && fputs(number, file) >= 0 && !fclose(file));
}

static const struct spool_names one = { 1, { NAME } }, two = { 2, { NAME, OTHER } },
				other = { 1, { OTHER } };

static void test_file_info_is_asked_ahead(void **state)
{
	struct info_helper *helper = start(COUNTS);

	(void)state;
	file_info__begin(helper, 0, &two);
	/* one at a time */
	file_info__begin(helper, 1, &one);
	check_service(helper, OTHER, "1");
	/* it is still known */
	file_info__begin(helper, 0, &two);
	check_service(helper, NAME, "1");
	check_service(helper, NAME, "2");
	/* the one that was asked ahead waits for its turn */
	file_info__begin(helper, 0, &one);
	check_service(helper, OTHER, "4");
	/* another destination's */
	file_info__begin(helper, 1, &other);
	check_service(helper, NAME, "3");
	check_service(helper, OTHER, "5");
	/* what is not needed gives way */
	file_info__begin(helper, 0, &one);
	check_service(helper, OTHER, "7");
	file_info__begin(helper, 0, &other);
	check_service(helper, OTHER, "8");
	check_service(helper, NAME, "9");
	/* its end, with one asked */
	file_info__begin(helper, 0, &one);
	info_helper__end(helper);
}

static void test_file_info_is_asked_again_if_that_ahead_failed(void **state)
{
	struct info_helper *helper = start(COUNTS);

	(void)state;
	tell("fails", "1\n");
	tell("short", "3\n");
	file_info__begin(helper, 0, &two);
	check_service(helper, NAME, "2");
	/* it is not known which one is missing */
	file_info__begin(helper, 0, &two);
	check_service(helper, OTHER, "4");
	check_service(helper, NAME, "5");
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
		CASE(test_file_info_is_what_the_viewer_says),
		CASE(test_file_info_is_guessed),
		CASE(test_file_info_is_guessed_from_attributes),
		CASE(test_file_info_is_not_guessed_if_the_viewer_was_ended),
		CASE(test_file_info_is_asked_ahead),
		CASE(test_file_info_is_asked_again_if_that_ahead_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

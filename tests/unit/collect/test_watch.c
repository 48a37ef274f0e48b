/* SPDX-License-Identifier: MIT */
/* Any file that takes the place of a path, or of a directory or link on the way to it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
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

#include "watch.h"

/* The kernel queues the event before the system call that causes it returns. */
static void assert_tells(struct watch *watch, bool changed)
{
	assert_int_equal(watch__changed(watch), changed);
	/* all events were read */
	assert_false(watch__changed(watch));
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	(void)close(fd);
}

/* In a directory of its own, with ./releases/1/app, ./releases/2/app and ./current ->
 * releases/1. */
static int setup(void **state)
{
	static char dir[PATH_MAX];

	strcpy(dir, "/tmp/test_watch.XXXXXX");
	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	*state = dir;
	if (mkdir("releases", 0700) || mkdir("releases/1", 0700) || mkdir("releases/2", 0700))
		return -1;
	make_file("releases/1/app");
	make_file("releases/2/app");
	return symlink("releases/1", "current");
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int teardown(void **state)
{
	return chdir("/") || nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct watch *start(const char *path)
{
	struct watch *watch = watch__new(path);

	assert_non_null(watch);
	assert_tells(watch, false);
	return watch;
}

static void test_watch_tells_of_the_file(void **state)
{
	struct watch *watch = start("releases/1/app");
	struct pollfd waiting = { .fd = watch__fd(watch), .events = POLLIN };

	(void)state;
	make_file("releases/1/other");
	assert_tells(watch, false);
	make_file("new");
	assert_tells(watch, false);
	assert_int_equal(poll(&waiting, 1, 0), 0);
	assert_int_equal(rename("new", "releases/1/app"), 0);
	assert_int_equal(poll(&waiting, 1, 0), 1);
	assert_tells(watch, true);
	/* a rewritten file is complete when it is closed */
	(void)close(open("releases/1/app", O_WRONLY | O_TRUNC | O_CLOEXEC));
	assert_tells(watch, true);
	watch__free(watch);
}

static void test_watch_tells_of_links_on_the_way(void **state)
{
	char path[PATH_MAX + 32];
	struct watch *watch;

	(void)snprintf(path, sizeof(path), "%s/./current//app", (const char *)*state);
	watch = start(path);
	assert_int_equal(symlink("releases/2", "next"), 0);
	assert_tells(watch, false);
	assert_int_equal(rename("next", "current"), 0);
	assert_tells(watch, true);
	/* from now on the directory that the new link names counts */
	make_file("releases/1/new");
	assert_int_equal(rename("releases/1/new", "releases/1/app"), 0);
	assert_tells(watch, false);
	make_file("releases/2/new");
	assert_int_equal(rename("releases/2/new", "releases/2/app"), 0);
	assert_tells(watch, true);
	watch__free(watch);
}

static void test_watch_tells_of_directories_on_the_way(void **state)
{
	struct watch *watch = start("releases/1/app");

	(void)state;
	assert_int_equal(rename("releases/1", "releases/old"), 0);
	assert_tells(watch, false);
	/* the directory is still empty */
	assert_int_equal(mkdir("releases/1", 0700), 0);
	assert_tells(watch, false);
	make_file("releases/1/app");
	assert_tells(watch, true);
	assert_int_equal(rename("releases/1", "releases/old2"), 0);
	assert_int_equal(rename("releases/2", "releases/1"), 0);
	assert_tells(watch, true);
	watch__free(watch);
}

static void test_watch_follows_a_link_at_the_end(void **state)
{
	struct watch *watch;

	(void)state;
	assert_int_equal(symlink("current/app", "link"), 0);
	watch = start("link");
	make_file("new");
	assert_int_equal(rename("new", "releases/1/app"), 0);
	assert_tells(watch, true);
	assert_int_equal(unlink("current"), 0);
	assert_int_equal(symlink("releases/2", "current"), 0);
	assert_tells(watch, true);
	make_file("new");
	assert_int_equal(rename("new", "link"), 0);
	assert_tells(watch, true);
	watch__free(watch);
}

static void test_watch_says_what_it_cannot(void **state)
{
	struct watch *watch = start("releases/1/none");

	(void)state;
	make_file("releases/1/none");
	assert_tells(watch, true);
	watch__free(watch);
	assert_null(watch__new("nowhere/app"));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_null(watch__new("loop/app"));
	assert_int_equal(errno, ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_watch_tells_of_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watch_tells_of_links_on_the_way, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_watch_tells_of_directories_on_the_way, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_watch_follows_a_link_at_the_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_watch_says_what_it_cannot, setup, teardown),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}

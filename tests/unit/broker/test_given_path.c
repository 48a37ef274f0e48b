/* SPDX-License-Identifier: MIT */
/* The directory of ttlog-ship, which may be anything. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "broker/served.h"
#include "given_path.h"
#include "shipped_dir.h"
#include "temp_dir.h"

static int ask(const char *state)
{
	struct served served = {
		.policy = { .shipped_state = state },
		.payload = "/etc",
		.bytes = strlen("/etc"),
	};

	return served__ask(&served, given_path__serve_shipped);
}

/* In all other forms it is refused, and nothing waits. */
static void test_given_path_opens_only_the_directory(void **state)
{
	char root[] = "/tmp/test_given_path.XXXXXX", path[64];

	(void)state;
	assert_int_equal(ask(NULL), -EPERM);
	assert_int_equal(ask("/nonexistent"), -ENOENT);
	assert_int_equal(ask("/etc/passwd"), -ENOTDIR);
	assert_non_null(mkdtemp(root));
	(void)snprintf(path, sizeof(path), "%s/" SHIPPED_DIR, root);
	assert_int_equal(ask(root), -ENOENT);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(ask(root), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/etc", path), 0);
	assert_int_equal(ask(root), -ENOTDIR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(".", path), 0);
	assert_int_equal(ask(root), -ENOTDIR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ask(root), -ENOTDIR);
	assert_int_equal(temp_dir__remove(root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_path_opens_only_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

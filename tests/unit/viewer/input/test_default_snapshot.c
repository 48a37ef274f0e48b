/* SPDX-License-Identifier: MIT */
/* Which snapshot is read if no file is named. */
#include <errno.h>
#include <fcntl.h>

#include "default_snapshot.h"
#include "view_fixture.h"

static void test_default_snapshot_has_the_latest_time(void **state)
{
	static const char *const NAMES[] = {
		"ttlog-9-20261121060000001-crash.bin",
		"ttlog-10-20261121060000003-timer.bin", /* this one */
		"ttlog-900-20261121060000002-exit.bin",
		"ttlog-1-99991121060000003-timer.tmp",
		"ttlog-x-99991121060000003-timer.bin",
		"ttlog-1-9999112106000000-short.bin",
		"other-1-99991121060000003-timer.bin",
		"ttlog-.bin",
	};
	char dir[] = "/tmp/ttlog-test-XXXXXX", *path;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_null(default_snapshot__find(dir));
	assert_int_equal(errno, ENOENT);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		int file = openat(fd, NAMES[i], O_CREAT | O_WRONLY, 0600);

		assert_true(file >= 0);
		close(file);
	}
	path = default_snapshot__find(dir);
	assert_non_null(path);
	assert_string_equal(path + strlen(dir) + 1, NAMES[1]);
	free(path);
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		assert_int_equal(unlinkat(fd, NAMES[i], 0), 0);
	close(fd);
	rmdir(dir);
	assert_null(default_snapshot__find(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_snapshot_has_the_latest_time),
	};

	return cmocka_run_group_tests_name("default_snapshot", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The viewer's errors for files that it cannot open. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "input.h"
#include "options.h"
#include "view_fixture.h"

#define FILE_CNT 100

/* No descriptor is free, and the limit may not be raised. */
static void take_all_descriptors(void)
{
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct rlimit none = { (rlim_t)lowest, (rlim_t)lowest };

	if (lowest < 0 || close(lowest) || setrlimit(RLIMIT_NOFILE, &none))
		_exit(2);
}

static void open_none(char **paths, int to_fd)
{
	struct options options = { .files = paths, .file_cnt = FILE_CNT, .mode = MODE_EVENTS };
	struct input input;

	if (dup2(to_fd, STDERR_FILENO) < 0)
		_exit(2);
	take_all_descriptors();
	_exit(!input__open(&input, &options) && !input.reader_cnt && input.unreadable ? 0 : 1);
}

/* The limit cannot be raised again: so it is set in a process of its own. */
static void test_input_says_once_that_descriptors_are_short(void **state)
{
	static char golden[] = GOLDEN "golden.bin";
	int fd = memfd_create("stderr", MFD_CLOEXEC), status;
	char *paths[FILE_CNT];
	struct bytes said;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	for (unsigned i = 0; i < FILE_CNT; i++)
		paths[i] = golden;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		open_none(paths, fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	said = bytes__read_fd(fd);
	assert_string_equal((char *)said.p, "ttlog-view: files: 100 of 100 cannot be opened: "
					    "Too many open files (see ulimit -n)\n");
	free(said.p);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input_says_once_that_descriptors_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * What a process can do after it has dropped its privileges. Each case is a child of its own, and
 * its exit status is the result.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "make.h"

#include "capability.h"
#include "sandbox.h"

static const int calls[] = { SCMP_SYS(close), SCMP_SYS(exit_group), SCMP_SYS(read) };

#define CALL_CNT (sizeof(calls) / sizeof(*calls))

static int status_of(int (*child)(void))
{
	pid_t pid = fork();
	int status;

	/* not _exit(), before which a sanitizer makes system calls of its own */
	if (pid == 0)
		(void)syscall(SYS_exit_group, child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int has_privileges(void)
{
	if (sandbox__drop_privileges())
		return 1;
	if (geteuid() == 0 || getegid() == 0 || getgroups(0, NULL) != 0)
		return 2;
	for (unsigned int number = 0; number <= CAP_LAST_CAP; number++) {
		if (capability__has(number))
			return 3;
	}
	return setuid(0) == 0 ? 4 : 0;
}

static int is_denied(int result)
{
	return result < 0 && errno == EPERM;
}

static int can_read_only(void)
{
	char byte;
	int fd;

	if (sandbox__allow(calls, CALL_CNT))
		return 1;
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &byte, 1) != 1 || close(fd))
		return 2;
	if (!is_denied(open("/dev/null", O_WRONLY | O_CLOEXEC)) ||
	    !is_denied(open("/dev/null", O_RDWR | O_CLOEXEC)) ||
	    !is_denied(open("/tmp/ttlog-test-sandbox", O_RDONLY | O_CREAT | O_CLOEXEC, 0600)) ||
	    !is_denied(open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC)))
		return 3;
	return is_denied(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) ? 0 : 4;
}

static int has_other_calls(void)
{
	if (sandbox__allow(calls, CALL_CNT))
		return 1;
	if (!is_denied(socket(AF_INET, SOCK_STREAM, 0)) || !is_denied(kill(getppid(), 0)))
		return 2;
	return is_denied(fork()) ? 0 : 3;
}

static void test_sandbox_drops_privileges(void **state)
{
	(void)state;
	assert_int_equal(status_of(has_privileges), 0);
}

static void test_sandbox_opens_to_read(void **state)
{
	(void)state;
	assert_int_equal(status_of(can_read_only), 0);
}

static void test_sandbox_denies_the_rest(void **state)
{
	(void)state;
	assert_int_equal(status_of(has_other_calls), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandbox_drops_privileges),
		cmocka_unit_test(test_sandbox_opens_to_read),
		cmocka_unit_test(test_sandbox_denies_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

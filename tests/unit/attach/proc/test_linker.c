/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker as linker.c finds it in a process, compared with what the linker itself says:
 * at the exec, before it has relocated itself, and long after that.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "linker.h"

#define PAGE_BYTES 4096u

static void test_linker_is_found_in_a_running_process(void **state)
{
	struct linker linker;

	(void)state;
	assert_int_equal(linker__find(getpid(), &linker), 0);
	assert_int_equal(linker.notify, (uintptr_t)dlsym(RTLD_DEFAULT, "_dl_debug_state"));
	assert_int_equal(linker.debug, (uintptr_t)dlsym(RTLD_DEFAULT, "_r_debug"));
	assert_false(linker__is_ready(&linker, getpid()));
}

static void test_linker_is_found_at_the_exec(void **state)
{
	struct linker own, linker;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(linker__find(getpid(), &own), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	/* the exec stopped it */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(linker__find(pid, &linker), 0);
	/* the same file at another address */
	assert_int_equal(linker.notify % PAGE_BYTES, own.notify % PAGE_BYTES);
	assert_int_equal(linker.notify - linker.debug, own.notify - own.debug);
	assert_false(linker__is_ready(&linker, pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void test_linker_sees_breakpoints(void **state)
{
	/* as the kernel maps them */
#if defined(__x86_64__)
	static const unsigned char probed[] = { 0xcc, 0xfa, 0x1e, 0xfa };
#else
	static const unsigned char probed[] = { 0xa0, 0x00, 0x20, 0xd4 };
#endif
	static const unsigned char bare[] = { 0x1f, 0x20, 0x03, 0xd5 };
	struct linker linker = { .notify = (uintptr_t)probed };

	(void)state;
	assert_true(linker__is_probed(&linker, getpid()));
	linker.notify = (uintptr_t)bare;
	assert_false(linker__is_probed(&linker, getpid()));
	linker.notify = 8; /* no mapping there */
	assert_false(linker__is_probed(&linker, getpid()));
}

static void test_linker_refuses_what_has_none(void **state)
{
	struct linker linker = { .notify = 1, .debug = 2 };
	int status;
	pid_t pid;

	(void)state;
	/* a zombie has no memory */
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_true(linker__find(pid, &linker) < 0);
	assert_false(linker__is_ready(&linker, pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(linker__find(pid, &linker), -ENOENT);
	assert_int_equal(linker.notify, 1);
	assert_int_equal(linker.debug, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linker_is_found_in_a_running_process),
		cmocka_unit_test(test_linker_is_found_at_the_exec),
		cmocka_unit_test(test_linker_sees_breakpoints),
		cmocka_unit_test(test_linker_refuses_what_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

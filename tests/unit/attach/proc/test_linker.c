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
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "broker.h"
#include "broker_server.h"
#include "linker.h"
#include "maps.h"
#include "pull.h"
#include "temp_dir.h"

#define PAGE_BYTES 4096u

static int find(pid_t pid, struct linker *ret_linker)
{
	struct maps *maps = maps__read(pid);
	int err;

	assert_non_null(maps);
	err = linker__find(pid, maps, ret_linker);
	maps__free(maps);
	return err;
}

/* Starts a program, which its exec stops. */
static pid_t start_stopped(const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void end(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* The first test: a broker starts while there is one thread. */
static void test_linker_is_found_where_no_memory_may_be_read(void **state)
{
	const struct broker_policy policy = { .is_strict = true, .loading_fd = -1 };
	struct broker_connection *own;
	struct linker linker;
	uint64_t header;
	char magic[4];

	(void)state;
	assert_int_equal(broker__start(&policy), 0);
	assert_int_equal(find(getpid(), &linker), 0);
	assert_int_equal(linker.notify, (uintptr_t)dlsym(RTLD_DEFAULT, "_dl_debug_state"));
	assert_int_equal(linker__find_header(getpid(), &header), 0);
	assert_int_equal(pull__memory(getpid(), header, magic, sizeof(magic), NULL), -EPERM);
	own = broker_connection__own();
	assert_non_null(own);
	broker_connection__leave(own);
	broker_connection__free(own);
	broker__end();
}

static void test_linker_is_found_in_a_running_process(void **state)
{
	struct linker linker;

	(void)state;
	assert_int_equal(find(getpid(), &linker), 0);
	assert_int_equal(linker.notify, (uintptr_t)dlsym(RTLD_DEFAULT, "_dl_debug_state"));
	assert_int_equal(linker.debug, (uintptr_t)dlsym(RTLD_DEFAULT, "_r_debug"));
	assert_false(linker__is_ready(&linker, getpid()));
}

static void test_linker_is_found_at_the_exec(void **state)
{
	struct linker own, linker;
	pid_t pid;

	(void)state;
	assert_int_equal(find(getpid(), &own), 0);
	pid = start_stopped("/bin/true");
	assert_int_equal(find(pid, &linker), 0);
	/* the same file at another address */
	assert_int_equal(linker.notify % PAGE_BYTES, own.notify % PAGE_BYTES);
	assert_int_equal(linker.notify - linker.debug, own.notify - own.debug);
	assert_false(linker__is_ready(&linker, pid));
	end(pid);
}

/* Makes a linker, and a program that it is to link. */
static void build(const char *dir, const char *linker_source)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "echo '%s' | cc -O1 -fPIC -shared -nostdlib -s -x c -o %s/ld.so - && "
		 "echo 'int main(void){}' | cc -Wl,--dynamic-linker=%s/ld.so -x c -o %s/program -",
		 linker_source, dir, dir, dir);
	assert_int_equal(system(command), 0);
}

static pid_t start_built(const char *dir, const char *linker_source)
{
	char path[128];

	build(dir, linker_source);
	snprintf(path, sizeof(path), "%s/program", dir);
	return start_stopped(path);
}

/* musl exports a pointer instead of _r_debug. */
static void test_linker_is_found_if_it_is_like_musls(void **state)
{
	char dir[] = "/tmp/ttlog-test-linker.XXXXXX";
	struct linker linker;
	unsigned long value;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	pid = start_built(dir, "void _dl_debug_state(void) { __builtin_trap(); }"
			       "unsigned long _dl_debug_addr = 0x1234567;");
	assert_int_equal(find(pid, &linker), 0);
	assert_int_equal(linker.debug, 0);
	errno = 0;
	value = (unsigned long)ptrace(PTRACE_PEEKDATA, pid, (void *)linker.debug_pointer, NULL);
	assert_int_equal(errno, 0);
	assert_int_equal(value, 0x1234567);
	(void)ptrace(PTRACE_PEEKDATA, pid, (void *)linker.notify, NULL);
	assert_int_equal(errno, 0);
	assert_int_not_equal(linker.notify, linker.debug_pointer);
	end(pid);
	assert_int_equal(temp_dir__remove(dir), 0);
}

static void test_linker_of_another_kind_is_none(void **state)
{
	char dir[] = "/tmp/ttlog-test-linker.XXXXXX";
	struct linker linker = { .notify = 1 };
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	pid = start_built(dir, "void _dl_debug_states(void) {} unsigned long _r_debug = 1;");
	assert_int_equal(find(pid, &linker), -ENOENT);
	assert_int_equal(linker.notify, 1);
	end(pid);
	assert_int_equal(temp_dir__remove(dir), 0);
}

/* Only the file that the header is mapped from tells where its symbols are. */
static void test_linker_needs_the_file_of_the_header(void **state)
{
	struct maps *maps = maps__read(0);
	struct linker linker = { .notify = 1 };
	struct maps_entry *entry;
	uint64_t header;

	(void)state;
	assert_non_null(maps);
	assert_int_equal(linker__find_header(getpid(), &header), 0);
	entry = &maps->entries[maps__find(maps, header) - maps->entries];
	entry->offset = PAGE_BYTES;
	assert_int_equal(linker__find(getpid(), maps, &linker), -ENOENT);
	entry->offset = 0;
	entry->inode++; /* another file has that name by now */
	assert_int_equal(linker__find(getpid(), maps, &linker), -ENOENT);
	entry->inode--;
	entry->start -= PAGE_BYTES;
	assert_int_equal(linker__find(getpid(), maps, &linker), -ENOENT);
	assert_int_equal(linker.notify, 1);
	entry->start += PAGE_BYTES;
	assert_int_equal(linker__find(getpid(), maps, &linker), 0);
	maps__free(maps);
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
	struct maps *maps = maps__read(0);
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(maps);
	/* a zombie has no memory */
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_true(linker__find(pid, maps, &linker) < 0);
	assert_false(linker__is_ready(&linker, pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(linker__find(pid, maps, &linker), -ENOENT);
	assert_int_equal(linker.notify, 1);
	assert_int_equal(linker.debug, 2);
	maps__free(maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linker_is_found_where_no_memory_may_be_read),
		cmocka_unit_test(test_linker_is_found_in_a_running_process),
		cmocka_unit_test(test_linker_is_found_at_the_exec),
		cmocka_unit_test(test_linker_is_found_if_it_is_like_musls),
		cmocka_unit_test(test_linker_of_another_kind_is_none),
		cmocka_unit_test(test_linker_needs_the_file_of_the_header),
		cmocka_unit_test(test_linker_sees_breakpoints),
		cmocka_unit_test(test_linker_refuses_what_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

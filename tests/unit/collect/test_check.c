/* SPDX-License-Identifier: MIT */
/* check.c and capability.c: with the privileges that the tests have, and with none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capability.h"
#include "check.h"
#include "collect.h"
#include "subject.h"

static char *print(const char *output_dir, int *ret_status)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	*ret_status = check__print(out, output_dir, NULL, collect__run);
	assert_int_equal(fclose(out), 0);
	return text;
}

static bool has_line(const char *text, const char *state, const char *what)
{
	char line[128];

	snprintf(line, sizeof(line), "%-8s %s", state, what);
	return strstr(text, line) != NULL;
}

static void check_line(const char *text, bool ok, const char *what)
{
	if (!has_line(text, ok ? "OK" : "missing", what))
		fail_msg("\"%s\" is not shown as %s in:\n%s", what, ok ? "OK" : "missing", text);
}

static void test_check_shows_what_the_tries_found(void **state)
{
	int status;
	char *text = print("/tmp", &status);
	bool possible = strstr(text, "needed: ") == NULL;

	(void)state;
	assert_int_equal(status, possible ? 0 : 1);
	assert_true(strstr(text, possible ? "Recording is possible."
					  : "Recording is not possible") != NULL);
	check_line(text, !capability__btf(), "type information of the kernel (BTF)");
	check_line(text, !capability__bpf(), "bpf(2)");
	check_line(text, !capability__ring_buffer(), "BPF ring buffer");
	check_line(text, !capability__tracing(), "BPF programs on BTF tracepoints");
	check_line(text, capability__exit_memory() || !capability__kprobe("do_exit"),
		   "memory of threads that end themselves");
	check_line(text, capability__prepare_exec() || !capability__kprobe("begin_new_exec"),
		   "memory of programs before an exec");
	check_line(text, !capability__uprobe(), "uprobes");
	check_line(text, !capability__semaphore(), "uprobes that raise semaphores (ref_ctr)");
	check_line(text, capability__uprobe_multi(), "one link for many uprobes (uprobe_multi)");
	check_line(text, !capability__seccomp(), "seccomp filters");
	check_line(text, capability__has(CAP_SYS_PTRACE), "CAP_SYS_PTRACE");
	check_line(text, true, "output directory can be written to (/tmp)");
	free(text);
}

/* The answer must be yes, and it must come from real recording. */
static void test_check_records_a_child(void **state)
{
	int status;
	char *text = print("/tmp", &status);
	bool possible = strstr(text, "needed: ") == NULL;
	unsigned long long kib = 0;
	const char *copy = strstr(text, "at a death takes ");

	(void)state;
	check_line(text, possible, "recording by -p, tried (");
	check_line(text, possible, "recording by -- CMD, tried (");
	assert_int_equal(strstr(text, "A trap costs ") != NULL, possible);
	assert_int_equal(copy && sscanf(copy, "at a death takes %*f us for %llu", &kib) == 1,
			 possible);
	/* most of a batch of 32 KiB */
	assert_true(!possible || (kib >= 20 && kib < 32));
	free(text);
}

static void test_check_wants_an_output_directory(void **state)
{
	int status;
	char *text = print("/proc/nowhere/at/all", &status);

	(void)state;
	assert_int_equal(status, 1);
	check_line(text, false, "output directory can be written to (/proc/nowhere/at/all)");
	assert_non_null(strstr(text, "-o DIR"));
	free(text);
	text = print("/tmp/ttlog-test-check/not/yet", &status);
	check_line(
		text, true,
		"output directory can be written to (/tmp/ttlog-test-check/not/yet (will be made))");
	free(text);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none))
		_exit(99);
}

/* The exit status of a child without capabilities: the number of the first failed check. */
static int check_without_capabilities(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int wrong = 0;

	if (!out)
		return 98;
	drop_capabilities();
	if (check__print(out, "/tmp", NULL, collect__run) != 1 || fclose(out))
		wrong = 1;
	else if (capability__has(CAP_SYS_ADMIN) || capability__has(CAP_SYS_PTRACE))
		wrong = 2;
	else if (!has_line(text, "missing", "CAP_BPF") || !has_line(text, "missing", "CAP_PERFMON"))
		wrong = 3;
	else if (capability__tracing() >= 0 || capability__uprobe_multi())
		wrong = 4;
	else if (!strstr(text, "to fix: the capabilities above"))
		wrong = 5;
	else if (!has_line(text, "missing", "recording by -p, tried (can't load the BPF programs"))
		wrong = 6;
	free(text);
	return wrong;
}

static void test_check_without_capabilities(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid)
		_exit(check_without_capabilities());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_check_leaks_no_descriptor(void **state)
{
	int before = dup(0), after, status;
	char *text;

	(void)state;
	close(before);
	text = print("/tmp", &status);
	free(text);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void test_check_knows_tracepoints_by_name(void **state)
{
	(void)state;
	assert_false(capability__tracepoint("no_such_tracepoint"));
	assert_int_equal(capability__tracepoint("sched_process_exit"), !capability__btf());
	assert_false(capability__has(1000));
	assert_true(capability__kprobe("no_such_function") < 0);
}

/* The trials run this binary again, as they run ttlog-collect. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_shows_what_the_tries_found),
		cmocka_unit_test(test_check_records_a_child),
		cmocka_unit_test(test_check_wants_an_output_directory),
		cmocka_unit_test(test_check_without_capabilities),
		cmocka_unit_test(test_check_leaks_no_descriptor),
		cmocka_unit_test(test_check_knows_tracepoints_by_name),
	};

	/* started by try_exec() */
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return 0;
	if (argc == 2 && !strcmp(argv[1], SUBJECT_OPTION))
		return subject__run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

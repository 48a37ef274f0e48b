/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "array.h"
#include "process_files.h"
#include "broker/served.h"

static int ask_text(broker_handler handler, const char *text, uint64_t place)
{
	struct served served = {
		.request = { .pid = getpid(), .args = { place } },
		.payload = text,
		.bytes = strlen(text),
	};

	return served__ask(&served, handler);
}

static void test_process_files_opens_some_of_proc(void **state)
{
	static const char *const refused[] = {
		"",
		"/etc/shadow",
		"self/mem",
		"1/mem",
		"1/environ",
		"1/cwd",
		"1/root",
		"1/fd/0",
		"1/../1/maps",
		"1//maps",
		"1/task/../maps",
		"1/task/maps",
		"1/maps/",
		"../etc/passwd",
		"sys/kernel/core_pattern",
		"1/task/1/mem",
		"1/syscall",
		"1/task/1/task/1/comm",
	};
	char own[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(ask_text(process_files__serve_open, refused[i], 0), -EPERM);
	(void)snprintf(own, sizeof(own), "%d/maps", (int)getpid());
	assert_int_equal(ask_text(process_files__serve_open, own, 0), 0);
	(void)snprintf(own, sizeof(own), "%d/task/%d/comm", (int)getpid(), (int)gettid());
	assert_int_equal(ask_text(process_files__serve_open, own, 0), 0);
}

static void test_process_files_reads_some_links(void **state)
{
	char own[64];

	(void)state;
	(void)snprintf(own, sizeof(own), "%d/exe", (int)getpid());
	assert_int_equal(ask_text(process_files__serve_link, own, 0), 0);
	(void)snprintf(own, sizeof(own), "%d/cwd", (int)getpid());
	assert_int_equal(ask_text(process_files__serve_link, own, 0), -EPERM);
	assert_int_equal(ask_text(process_files__serve_link, "self/exe/..", 0), -EPERM);
}

/* A core dump is ELF, too. */
static void test_process_files_opens_programs_alone(void **state)
{
	unsigned char core[64] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	char path[] = "/tmp/ttlog-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ask_text(process_files__serve_code, "/proc/self/exe", CODE_AT_PATH), 0);
	assert_int_equal(ask_text(process_files__serve_code, "", CODE_OF_PROGRAM), 0);
	assert_int_equal(ask_text(process_files__serve_code, path, CODE_AT_PATH), -ENOEXEC);
	core[16] = 4; /* ET_CORE */
	assert_int_equal(pwrite(fd, core, sizeof(core), 0), sizeof(core));
	assert_int_equal(ask_text(process_files__serve_code, path, CODE_AT_PATH), -ENOEXEC);
	core[16] = 3; /* ET_DYN */
	assert_int_equal(pwrite(fd, core, sizeof(core), 0), sizeof(core));
	assert_int_equal(ask_text(process_files__serve_code, path, CODE_AT_PATH), 0);
	assert_int_equal(ask_text(process_files__serve_code, "/dev/null", CODE_AT_PATH), -ENODEV);
	assert_int_equal(ask_text(process_files__serve_code, "/dev", CODE_AT_PATH), -ENODEV);
	(void)close(fd);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_files_opens_some_of_proc),
		cmocka_unit_test(test_process_files_reads_some_links),
		cmocka_unit_test(test_process_files_opens_programs_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

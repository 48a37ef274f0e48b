/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "probe_links.h"
#include "broker/served.h"

#define PROGRAM 999 /* no descriptor: what is allowed fails with EBADF or EINVAL in the kernel */

/* A file whose place is at 0, and its semaphore at 8. */
static int make_file(uint32_t code, uint16_t semaphore)
{
	int fd = memfd_create("places", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &code, sizeof(code), 0), sizeof(code));
	assert_int_equal(pwrite(fd, &semaphore, sizeof(semaphore), 8), sizeof(semaphore));
	return fd;
}

static int ask(int file, int program, unsigned long offset, unsigned long semaphore)
{
	const unsigned long places[] = { offset, semaphore };
	int memory = memfd_create("offsets", MFD_CLOEXEC), err;
	struct served served = {
		.policy = { .programs = { PROGRAM }, .program_cnt = 1 },
		.request = { .args = { (uint64_t)program, 1, semaphore != 0 } },
		.fds = { file, memory },
		.fd_cnt = 2,
	};

	assert_int_equal(write(memory, places, sizeof(places)), sizeof(places));
	err = served__ask(&served, probe_links__serve_all);
	(void)close(memory);
	(void)close(file);
	return err;
}

static void test_probe_links_looks_at_the_bytes(void **state)
{
	(void)state;
	/* a semaphore that is not 0, odd, beyond the file; a place beyond it */
	assert_int_equal(ask(make_file(0x90, 1), PROGRAM, 0, 8), -EPERM);
	assert_int_equal(ask(make_file(0x90, 0), PROGRAM, 0, 9), -EPERM);
	assert_int_equal(ask(make_file(0x90, 0), PROGRAM, 0, 4096), -EPERM);
	assert_int_equal(ask(make_file(0x90, 0), PROGRAM, 4096, 8), -EPERM);
#ifdef __x86_64__
	assert_int_equal(ask(make_file(0x48, 0), PROGRAM, 0, 8), -EPERM);
#endif
	assert_int_not_equal(ask(make_file(0x90, 0), PROGRAM, 0, 8), -EPERM);
}

static void test_probe_links_has_its_own_programs(void **state)
{
	(void)state;
	assert_int_equal(ask(make_file(0x90, 0), PROGRAM + 1, 0, 8), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_links_looks_at_the_bytes),
		cmocka_unit_test(test_probe_links_has_its_own_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Files for the tests of foreign probes, made by cc. */
#ifndef TTLOG_TESTS_FOREIGN_FIXTURE_H
#define TTLOG_TESTS_FOREIGN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#define FOREIGN_FIXTURE "tests/unit/attach/foreign/usdt_fixture.S"

static inline void foreign_fixture__run(const char *command)
{
	const int status = system(command);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: status %d", command, status);
}

/* Returns a descriptor. */
static inline int foreign_fixture__build(const char *dir, const char *name, const char *flags)
{
	char command[1024], path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)snprintf(command, sizeof(command), "cc -o %s %s", path, flags);
	foreign_fixture__run(command);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

#endif /* TTLOG_TESTS_FOREIGN_FIXTURE_H */

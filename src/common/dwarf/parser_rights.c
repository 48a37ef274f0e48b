/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "parser_rights.h"
#include "sandbox.h"

/* Besides what it begins with. Debug information is mapped, and may be a gigabyte. */
#define MORE_BYTES (8ull << 30)
/* In case the parent is stopped and does not watch. */
#define CPU_S      60

static void limit(int resource, uint64_t most)
{
	const struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	(void)setrlimit(resource, &limit);
}

static uint64_t read_statm(bool resident)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t size, held;

	if (!file || fscanf(file, "%" SCNu64 " %" SCNu64, &size, &held) != 2)
		size = held = 0;
	if (file)
		(void)fclose(file);
	return (resident ? held : size) * sysconf(_SC_PAGESIZE);
}

static void limit_memory(void)
{
	FILE *file;

	/* relative, because a sanitizer's shadow memory is larger than any limit */
	limit(RLIMIT_AS, read_statm(false) + MORE_BYTES);
	/* if the machine runs out of memory, this process is the first to go */
	file = fopen("/proc/self/oom_score_adj", "we");
	if (file) {
		(void)fputs("1000", file);
		(void)fclose(file);
	}
}

/* The system calls of elfutils, malloc and this file. */
static int allow_calls(void)
{
	static const int calls[] = {
		SCMP_SYS(brk),        SCMP_SYS(clock_gettime), SCMP_SYS(close),
		SCMP_SYS(exit_group), SCMP_SYS(fcntl),         SCMP_SYS(fstat),
		SCMP_SYS(futex),      SCMP_SYS(getpid),        SCMP_SYS(getrandom),
		SCMP_SYS(gettid),     SCMP_SYS(lseek),         SCMP_SYS(madvise),
		SCMP_SYS(mmap),       SCMP_SYS(mprotect),      SCMP_SYS(mremap),
		SCMP_SYS(munmap),     SCMP_SYS(newfstatat),    SCMP_SYS(pread64),
		SCMP_SYS(read),       SCMP_SYS(readlinkat),    SCMP_SYS(recvmsg),
		SCMP_SYS(sendto),     SCMP_SYS(stat),          SCMP_SYS(statx),
	};

	return sandbox__allow(calls, sizeof(calls) / sizeof(*calls));
}

void parser_rights__drop(const char *name)
{
	limit(RLIMIT_CPU, CPU_S);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit_memory();
	if (sandbox__drop_privileges())
		_exit(1);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* After the change of user, which resets it. If the parent is gone already, the end of its
	 * messages tells. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
	if (allow_calls())
		_exit(1);
}

uint64_t parser_rights__held_bytes(void)
{
	return read_statm(true);
}

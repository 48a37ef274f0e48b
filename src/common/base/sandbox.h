/* SPDX-License-Identifier: MIT */
/*
 * Gives up rights for good, in a process that reads hostile data. It must have one thread.
 */
#ifndef TTLOG_SANDBOX_H
#define TTLOG_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/* Drops all capabilities, also those that an exec would give. 0 or -errno. */
int sandbox__drop_capabilities(void);

/* The same, and root becomes the user "nobody". 0 or -errno. */
int sandbox__drop_privileges(void);

/*
 * Allows only these system calls (libseccomp's numbers: SCMP_SYS(read)), and to open files for
 * reading. All others fail with EPERM. 0 or -errno.
 */
int sandbox__allow(const int *calls, size_t cnt);

/* One call with one value of one argument. */
struct sandbox_call {
	int call;
	unsigned int arg;
	uint64_t mask, value;
};

/*
 * Allows `calls`, whatever their arguments are, and `narrow`, and a signal of this process to its own
 * threads. All others fail as if this kernel did not have them (ENOSYS): libraries then do without.
 * For this thread and those that it starts. 0 or -errno.
 */
int sandbox__allow_only(const int *calls, size_t cnt, const struct sandbox_call *narrow,
			size_t narrow_cnt);

#endif /* TTLOG_SANDBOX_H */

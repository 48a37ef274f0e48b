/* SPDX-License-Identifier: MIT */
/*
 * Gives up rights for good, in a process that reads hostile data. It must have one thread.
 */
#ifndef TTLOG_SANDBOX_H
#define TTLOG_SANDBOX_H

#include <stddef.h>

/* Drops all capabilities, also those that an exec would give. 0 or -errno. */
int sandbox__drop_capabilities(void);

/* The same, and root becomes the user "nobody". 0 or -errno. */
int sandbox__drop_privileges(void);

/*
 * Allows only these system calls (libseccomp's numbers: SCMP_SYS(read)), and to open files for
 * reading. All others fail with EPERM. 0 or -errno.
 */
int sandbox__allow(const int *calls, size_t cnt);

#endif /* TTLOG_SANDBOX_H */

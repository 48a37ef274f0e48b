/* SPDX-License-Identifier: MIT */
/*
 * Giving up rights, for good: for a process that reads what others made. It must have one thread.
 */
#ifndef TTLOG_SANDBOX_H
#define TTLOG_SANDBOX_H

#include <stddef.h>

/* Drops all capabilities, also those that an exec would give; root becomes the user "nobody".
 * 0 or -errno. */
int sandbox__drop_privileges(void);

/*
 * Of the system calls, these are left (libseccomp's numbers: SCMP_SYS(read)), and opening files to
 * read them. All others fail with EPERM, and do nothing. 0 or -errno.
 */
int sandbox__allow(const int *calls, size_t cnt);

#endif /* TTLOG_SANDBOX_H */

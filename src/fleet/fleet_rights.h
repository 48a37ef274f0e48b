/* SPDX-License-Identifier: MIT */
/*
 * A program that talks to servers gives up what it does not need, for good, before it connects:
 * capabilities, paths (Landlock, where the kernel has it) and system calls.
 */
#ifndef TTLOG_FLEET_RIGHTS_H
#define TTLOG_FLEET_RIGHTS_H

#include <stddef.h>

#define FLEET_RIGHTS_MAX_FILES 8

/* What it keeps beside what libnats, TLS and the resolver of names need. */
struct fleet_rights {
	const char *const *written; /* directories; NULL ends it */
	const char *read;           /* a directory; NULL: none */
	/* Files that it reads, in folders in which others may take their places; NULL: none. */
	const char *const *files;
	size_t file_cnt;  /* at most FLEET_RIGHTS_MAX_FILES */
	const int *calls; /* libseccomp's numbers */
	size_t call_cnt;
};

/* Of a process with one thread. 0; -errno, and what failed. */
int fleet_rights__drop(const struct fleet_rights *rights, const char **ret_failed);

#endif /* TTLOG_FLEET_RIGHTS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Asks debuginfod servers for files by build id, by libdebuginfod, which is loaded when it is needed.
 *
 * A child does this, started before any snapshot is read: so what talks to the network has nothing
 * to tell, and what parses files has no network.
 */
#ifndef TTLOG_VIEW_DEBUGINFOD_H
#define TTLOG_VIEW_DEBUGINFOD_H

#include <stddef.h>
#include <sys/types.h>

struct debuginfod {
	pid_t pid;
	int socket;
};

enum debuginfod_what {
	DEBUGINFOD_DEBUG = 1,   /* the file with debug information */
	DEBUGINFOD_PROGRAM = 2, /* the file that ran */
};

/* urls: addresses of servers, with blanks between. 0, or -errno with the reason as text: -ENOSYS if
 * the library is not installed. */
int debuginfod__open(struct debuginfod *ret, const char *urls, char *ret_why, size_t why_size);
void debuginfod__close(struct debuginfod *debuginfod);

/* A file that a server has, as a descriptor. It may be anything. -ENOENT: none has it; -EPIPE: the
 * child is gone; else -errno of the last server. */
int debuginfod__find(const struct debuginfod *debuginfod, const char *build_id,
		     enum debuginfod_what what);

#endif /* TTLOG_VIEW_DEBUGINFOD_H */

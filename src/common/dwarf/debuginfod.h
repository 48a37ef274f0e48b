/* SPDX-License-Identifier: MIT */
/*
 * Asks debuginfod servers for files by build id, by libdebuginfod, which is loaded when it is needed.
 *
 * A child does this, started before anything is read that may be hostile or must not be told: so
 * what talks to the network has nothing to tell, and what parses files has no network. The files
 * that it gives may be anything; a server may be anyone.
 */
#ifndef TTLOG_DEBUGINFOD_H
#define TTLOG_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>

struct debuginfod;

enum debuginfod_what {
	DEBUGINFOD_DEBUG = 1,   /* the file with debug information */
	DEBUGINFOD_PROGRAM = 2, /* the file that ran */
};

struct debuginfod_options {
	const char *urls; /* addresses of servers, with blanks between */
	/* the child becomes another user without capabilities; what comes is kept in a directory of
	 * its own, until the end. Else it is kept where libdebuginfod's user keeps it. */
	bool gives_up_rights;
};

/* Whether these are such addresses: http://, https:// or file://. */
bool debuginfod__are_urls(const char *urls);

/* Call it while the process has one thread. NULL with errno, and the reason as text: ENOSYS if the
 * library is not installed. */
struct debuginfod *debuginfod__new(const struct debuginfod_options *options, char *ret_why,
				   size_t why_size);
/* NULL is fine. The child ends, now or when its server has answered. */
void debuginfod__free(struct debuginfod *debuginfod);

/*
 * A file that a server has, as a descriptor. max_ms: no more may pass; 0: as long as the library
 * waits. -ENOENT: none has it; -ETIME; -EPIPE: the child is gone; else -errno of the last server.
 * Any thread; one after another.
 */
int debuginfod__find(struct debuginfod *debuginfod, const char *build_id, enum debuginfod_what what,
		     unsigned int max_ms);

#endif /* TTLOG_DEBUGINFOD_H */

/* SPDX-License-Identifier: MIT */
/*
 * Looks at processes, and attaches to the files that they have mapped, in threads of its own:
 * memory maps may be long, and a file may be on a server that does not answer. There is one look at
 * a time for one process. A look that hangs does not delay other processes.
 */
#ifndef TTLOG_ATTACHER_H
#define TTLOG_ATTACHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach.h"

struct attacher;

struct attacher_options {
	struct attach *attach;
	attach_before_fn before; /* as attach__process() has it */
	attach_before_fn
		tell; /* gets what was found in a process; takes ownership, does not wait */
	void (*failed)(
		void *ctx); /* a given process could not be attached to, after attacher__attach() */
	void *ctx;
	bool only_looks; /* makes no links */
	/* whether to attach to what a known process executes; NULL: always */
	bool (*chooses)(void *ctx, pid_t pid);
	bool quiet;
};

/* NULL with errno. */
struct attacher *attacher__new(const struct attacher_options *options);
/* False if a thread hangs: then it stays, with all that it uses. NULL is fine. */
bool attacher__free(struct attacher *attacher);

/* what: enum attach_look, or-ed. Any thread; does not wait. Returns whether it will be done. */
bool attacher__look(struct attacher *attacher, uint32_t pid, uint64_t start_ns, uint32_t what);

/* Attaches to what a stopped process has mapped, in the calling thread. */
void attacher__attach_loaded(struct attacher *attacher, pid_t pid);

/*
 * Attaches to given processes, one after another, and announces them. If the files of one can't be
 * read for seconds, it is left for later, with a message. 0, or -errno of the first that can't be
 * attached to, also with a message. Called once.
 */
int attacher__attach(struct attacher *attacher, const pid_t *pids, size_t cnt);
/* Whether one that was left for later is not done yet. */
bool attacher__is_behind(struct attacher *attacher);

#endif /* TTLOG_ATTACHER_H */

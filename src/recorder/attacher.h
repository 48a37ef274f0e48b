/* SPDX-License-Identifier: MIT */
/*
 * Looks at processes, and attaches to what they have mapped, in threads of its own: their memory
 * maps may be long, and their files lie where nobody answers any more. Of one process there is one
 * look at a time, whatever it does meanwhile, and one that hangs holds up no other.
 */
#ifndef TTLOG_ATTACHER_H
#define TTLOG_ATTACHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach.h"

struct attacher;
struct kernel;

struct attacher_options {
	struct attach *attach;
	struct kernel *kernel;
	attach_before_fn before; /* as attach__process() has it */
	attach_before_fn tell; /* what was found in a process: takes ownership, waits for nobody */
	void (*failed)(void *ctx); /* a given process, after attacher__attach() has gone on */
	void *ctx;
	bool only_looks; /* links are others' affair */
	bool quiet;
};

/* NULL with errno. */
struct attacher *attacher__new(const struct attacher_options *options);
/* False where a thread hangs: it has to stay, with all that it uses. NULL is fine. */
bool attacher__free(struct attacher *attacher);

/* what: enum attach_look, or-ed. Any thread; does not wait. Whether it will be done. */
bool attacher__look(struct attacher *attacher, uint32_t pid, uint64_t start_ns, uint32_t what);

/* To what a process that stands still has loaded, as at a look for libraries; in the calling
 * thread. */
void attacher__attach_loaded(struct attacher *attacher, pid_t pid);

/*
 * Attaches to processes that were given, one after another, and says so. Whose files can't be read
 * for seconds is left for later, which is said. 0, or -errno of the first that can't be attached
 * to, which is said too. Once, by one thread.
 */
int attacher__attach(struct attacher *attacher, const pid_t *pids, size_t cnt);
/* Whether one of them was left for later, and is not done yet. */
bool attacher__is_behind(struct attacher *attacher);

#endif /* TTLOG_ATTACHER_H */

/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect -- CMD`: traces threads of programs that are not traced (any more), while they
 * load libraries (dlopen). They stop between the mapping and the constructors, until the collector
 * has attached.
 *
 * The linker's probe reports when a load begins. Then only that thread is seized, which it does not
 * notice. When its libraries are mapped, the probe stops it by a signal that it does not see
 * (bpf/launch.bpf.h). It is let go when the collector has attached to them: so it is traced for
 * some milliseconds. If the tracer is late, or another process traces the thread, it runs on, and
 * the collector attaches meanwhile.
 */
#ifndef TTLOG_HOLD_H
#define TTLOG_HOLD_H

#include <sys/types.h>

struct hold;

struct hold_options {
	int loads_fd; /* kernel__loads_fd() */
	/* The thread is stopped, and its process may have loaded libraries. Called in several of
	 * our threads at a time. */
	void (*loaded)(void *ctx, pid_t tid);
	void *ctx;
};

/* NULL with errno. */
struct hold *hold__new(const struct hold_options *options);
/* Lets all go. NULL is fine. */
void hold__free(struct hold *hold);

#endif /* TTLOG_HOLD_H */

/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect -- CMD`: threads of programs that are traced no more, or never were, while they load
 * libraries (dlopen): they stand still between the mapping and the constructors, until the
 * collector has attached.
 *
 * The linker's probe tells when it begins. The thread is seized, alone, which it does not notice; when
 * its libraries are there the probe stops it by a signal that it does not see (bpf/launch.bpf.h), and
 * it is let go when they are attached to: it is traced for some milliseconds. Where the tracer is late,
 * or another one traces the thread, it runs on, and the collector attaches meanwhile.
 */
#ifndef TTLOG_HOLD_H
#define TTLOG_HOLD_H

#include <sys/types.h>

struct hold;

struct hold_options {
	int loads_fd; /* kernel__loads_fd() */
	/* The thread stands still, and its process may have loaded libraries. In threads of ours, several
	 * at a time. */
	void (*loaded)(void *ctx, pid_t tid);
	void *ctx;
};

/* NULL with errno. */
struct hold *hold__new(const struct hold_options *options);
/* Lets go of all. NULL is fine. */
void hold__free(struct hold *hold);

#endif /* TTLOG_HOLD_H */

/* SPDX-License-Identifier: MIT */
/*
 * The traced threads whose system calls are of interest. All others only stop at events (fork,
 * exec, signal), and have no entry here.
 *
 * A thread is of interest for one of three reasons:
 *  - it is linking: its dynamic linker maps libraries, from the exec on;
 *  - it is young: a new process that has not called exec yet, and may ask to be traced;
 *  - it has young children: it may want to trace one of them.
 */
#ifndef TTLOG_TRACEE_H
#define TTLOG_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "linker.h"

enum tracee_state {
	TRACEE_SETTLED, /* its own calls are of no interest */
	TRACEE_YOUNG,
	TRACEE_LINKING,
};

struct tracee {
	pid_t pid;
	enum tracee_state state;
	unsigned calls_left; /* so many system calls until it counts as settled */
	pid_t parent;        /* young: the thread that forked it; 0: unknown */
	unsigned young_cnt;  /* its children that are young */
	/* Its first stop came before the event of its parent with its pid. */
	bool unclaimed;

	/* while linking */
	struct linker linker;
	bool maps_code; /* inside a call that maps code from a file */
	bool stops;     /* its linker's probe stops it; its system calls are of no interest */
};

struct tracer_quiet;

struct tracees {
	struct tracee *all;
	size_t cnt, cap;
};

void tracees__fini(struct tracees *tracees);

/* Whether it must stop at its system calls; NULL is fine. */
bool tracee__has_calls(const struct tracee *tracee);
/* Whether its linker's probe stops it; NULL is fine. */
bool tracee__is_stopped_by_linker(const struct tracee *tracee);

/* The threads whose calls may pass, at most `room` of them. Returns how many. */
size_t tracees__list_quiet(const struct tracees *tracees, struct tracer_quiet *ret, size_t room);
/* Some calls of these have passed; no call that adds or settles came between. */
void tracees__pass_quiet(struct tracees *tracees, const struct tracer_quiet *quiet, size_t cnt);

/* Valid until the next call that adds or settles. NULL: none. */
struct tracee *tracees__find(const struct tracees *tracees, pid_t pid);

/* The first stop of a new process. */
void tracees__add_young(struct tracees *tracees, pid_t pid);
/* The event of the parent with the child's pid; it may come before or after the child's first
 * stop. */
void tracees__claim_young(struct tracees *tracees, pid_t parent, pid_t child);
/* From the exec on. 0 or -ENOMEM. */
int tracees__add_linking(struct tracees *tracees, pid_t pid, const struct linker *linker,
			 bool stops);
/* Its own calls are of no interest any more: it is linked, or was young for long enough. */
void tracees__settle(struct tracees *tracees, pid_t pid);
/* It ended, or is no longer traced. */
void tracees__forget(struct tracees *tracees, pid_t pid);

#endif /* TTLOG_TRACEE_H */

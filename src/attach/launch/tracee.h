/* SPDX-License-Identifier: MIT */
/*
 * The traced threads whose system calls are of interest. All others run from event to event (fork,
 * exec, signal) and have no entry here.
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
	TRACEE_SETTLED, /* nothing to see in its own calls */
	TRACEE_YOUNG,
	TRACEE_LINKING,
};

struct tracee {
	pid_t pid;
	enum tracee_state state;
	unsigned calls_left; /* system calls until it is taken for settled */
	pid_t parent;        /* young: the thread that forked it, 0 where not known */
	unsigned young_cnt;  /* its children that are young */
	/* Its first stop came before the event of its parent that names it. */
	bool unclaimed;

	/* while linking */
	struct linker linker;
	bool maps_code; /* inside a call that maps code from a file */
	bool stops;     /* its linker stops it; its system calls are of no interest */
};

struct tracees {
	struct tracee *all;
	size_t cnt, cap;
};

void tracees__fini(struct tracees *tracees);

/* Whether it is to stop at its system calls; NULL is fine. */
bool tracee__has_calls(const struct tracee *tracee);
/* Whether its linker is to stop it; NULL is fine. */
bool tracee__is_stopped_by_linker(const struct tracee *tracee);

/* Valid until the next call that adds or settles. NULL for none. */
struct tracee *tracees__find(const struct tracees *tracees, pid_t pid);

/* The first stop of a new process. */
void tracees__add_young(struct tracees *tracees, pid_t pid);
/* The parent's event that names the child; it may come before the child's first stop or after. */
void tracees__claim_young(struct tracees *tracees, pid_t parent, pid_t child);
/* From the exec on. 0 or -ENOMEM. */
int tracees__add_linking(struct tracees *tracees, pid_t pid, const struct linker *linker,
			 bool stops);
/* Its own calls are of no more interest: it has linked, or was young for long enough. */
void tracees__settle(struct tracees *tracees, pid_t pid);
/* It ended, or is traced no more. */
void tracees__forget(struct tracees *tracees, pid_t pid);

#endif /* TTLOG_TRACEE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Whether the threads of a process have different names. Remembers THREAD_NAMES_MAX names; if there
 * are more, they count as repeated, as they mostly are.
 */
#ifndef TTLOG_VIEW_THREAD_NAMES_H
#define TTLOG_VIEW_THREAD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THREAD_NAMES_MAX 4096u

struct ttlog_thread;

struct thread_name {
	uint64_t hash; /* of process and name; 0: the slot is free */
	uint64_t tid;  /* the first thread of that name */
};

/* All 0: empty. */
struct thread_names {
	struct thread_name *slots; /* twice THREAD_NAMES_MAX, a hash table */
	size_t cnt;
	bool repeat; /* two threads of one process had the same name */
};

void thread_names__fini(struct thread_names *names);
void thread_names__add(struct thread_names *names, const struct ttlog_thread *thread);

#endif /* TTLOG_VIEW_THREAD_NAMES_H */

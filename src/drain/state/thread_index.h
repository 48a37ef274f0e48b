/* SPDX-License-Identifier: MIT */
/*
 * Finds a process's threads by number: each (tid, name) is an entry of its own, and a program may
 * have tens of thousands of threads, or rename one for ever.
 */
#ifndef TTLOG_THREAD_INDEX_H
#define TTLOG_THREAD_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct thread;

#define THREAD_INDEX_NONE UINT32_MAX

/* Zeroes are an empty one. */
struct thread_index {
	uint32_t *heads; /* by hash of the tid: the newest entry, THREAD_INDEX_NONE for none */
	size_t head_cnt; /* a power of two */
	uint32_t *next;  /* by entry: an older one of the same hash */
	size_t next_cap;
	size_t cnt; /* entries that it knows */
};

void thread_index__fini(struct thread_index *index);

/* Takes in what threads[] has more than before. 0 or -ENOMEM. */
int thread_index__update(struct thread_index *index, const struct thread *threads, size_t cnt);

/* An entry that it knows is another tid's from now on, and the newest of it. */
void thread_index__move(struct thread_index *index, uint32_t entry, uint32_t old_tid, uint32_t tid);

/* The newest entry that may be of that tid, then older ones; THREAD_INDEX_NONE at the end. */
uint32_t thread_index__first(const struct thread_index *index, uint32_t tid);
static inline uint32_t thread_index__next(const struct thread_index *index, uint32_t entry)
{
	return index->next[entry];
}

#endif /* TTLOG_THREAD_INDEX_H */

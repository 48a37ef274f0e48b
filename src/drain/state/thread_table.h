/* SPDX-License-Identifier: MIT */
/*
 * The threads of a process, by number: entries in the ring have the number. A thread that changes
 * its name gets another one. There may be tens of thousands, or one that is renamed without end.
 */
#ifndef TTLOG_THREAD_TABLE_H
#define TTLOG_THREAD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "thread.h"

struct facts;
struct ring;
struct wire_head;

#define THREAD_NONE UINT32_MAX

struct thread_note {
	uint64_t written; /* ring__written_bytes() after its last entry */
	int64_t place;    /* in the facts; -1: it is not there */
};

struct thread_table {
	struct thread *items;
	struct thread_note *notes; /* by number too; NULL in a recovered process */
	size_t cnt, cap;
	size_t hand; /* up to here numbers were looked at, whether they can be reused */
	/* by hash of the tid: lists of numbers, the newest first, THREAD_NONE at the end */
	uint32_t *heads;
	uint32_t *next; /* by number */
	size_t head_cnt, next_cap;
	size_t listed_cnt;         /* numbers in these lists */
	const struct facts *facts; /* gets each new thread */
};

void thread_table__fini(struct thread_table *table);
/*
 * The number of (tid, comm), which is made if there is none; `hint` is tried first. ring: of the
 * process, or NULL. The number is good as long as the ring has an entry with it, and until the next
 * one is asked for. -ENOMEM.
 */
int64_t thread_table__number(struct thread_table *table, const struct ring *ring,
			     const struct wire_head *head, uint32_t hint);
/* After an entry of that thread was written. */
void thread_table__note_entry(struct thread_table *table, uint32_t number, const struct ring *ring);
/* Writes all threads to the facts. */
void thread_table__add_facts(struct thread_table *table);
/* Adds a thread of a recovered process, without notes. 0 or -ENOMEM. */
int thread_table__append(struct thread_table *table, const struct thread *thread);
/* The thread with that number, if it still has that tid. NULL. */
const struct thread *thread_table__of(const struct thread_table *table, uint32_t number,
				      uint32_t tid);

#endif /* TTLOG_THREAD_TABLE_H */

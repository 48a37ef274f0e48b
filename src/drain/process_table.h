/* SPDX-License-Identifier: MIT */
/*
 * The recorded processes by pid. Owns them. One thread.
 *
 * Numbers come again, maybe before all that an earlier process of that number left was read: that
 * one stays behind the newer one, in the list of struct process's `earlier`.
 */
#ifndef TTLOG_PROCESS_TABLE_H
#define TTLOG_PROCESS_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct process;

struct process_table {
	struct process **slots; /* open addressing, NULL: free */
	size_t cnt, cap;
};

void process_table__fini(struct process_table *table);
/* The newest with that pid. */
struct process *process_table__find(const struct process_table *table, uint32_t pid);
/* Takes ownership; it is the newest with its pid from now on. 0 or -ENOMEM. */
int process_table__add(struct process_table *table, struct process *process);
/* Hands it back to the caller. */
void process_table__remove(struct process_table *table, const struct process *process);
/* Where process_table__next() goes on; starts with zeroes. */
struct process_cursor {
	size_t slot;
	struct process *earlier;
};

/* The next one, NULL at the end. Removing the one that was
 * handed out last may hand out others twice, or not: collect before you remove. */
struct process *process_table__next(const struct process_table *table,
				    struct process_cursor *cursor);

#endif /* TTLOG_PROCESS_TABLE_H */

/* SPDX-License-Identifier: MIT */
/*
 * The recorded processes by pid. Owns them. One thread.
 *
 * A pid may be used again before all that an earlier process has left was read: then both are here.
 */
#ifndef TTLOG_PROCESS_TABLE_H
#define TTLOG_PROCESS_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct process;

#define PROCESS_TABLE_LISTS 1024u

/* Starts with zeros. */
struct process_table {
	struct process *lists[PROCESS_TABLE_LISTS]; /* by pid, the newest first */
	size_t cnt;
};

void process_table__fini(struct process_table *table);
/* The newest with that pid. NULL. */
struct process *process_table__find(const struct process_table *table, uint32_t pid);
/* The next older one with the same pid. NULL. */
struct process *process_table__earlier(const struct process *process);
/* Takes ownership. */
void process_table__add(struct process_table *table, struct process *process);
/* Gives ownership back. */
void process_table__remove(struct process_table *table, const struct process *process);

/* The process after that one, or the first (NULL). NULL: no more. */
struct process *process_table__next(const struct process_table *table,
				    const struct process *process);

#endif /* TTLOG_PROCESS_TABLE_H */

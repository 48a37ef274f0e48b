/* SPDX-License-Identifier: MIT */
/*
 * The recorded processes by pid. Owns them. One thread.
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
struct process *process_table__find(const struct process_table *table, uint32_t pid);
/* Takes ownership; no other has that pid. 0 or -ENOMEM. */
int process_table__add(struct process_table *table, struct process *process);
/* Hands it back to the caller. */
void process_table__remove(struct process_table *table, const struct process *process);
/* The next one at or after *cursor (start with 0), NULL at the end. Removing the one that was
 * handed out last may hand out others twice, or not: collect before you remove. */
struct process *process_table__next(const struct process_table *table, size_t *cursor);

#endif /* TTLOG_PROCESS_TABLE_H */

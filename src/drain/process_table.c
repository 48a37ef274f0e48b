/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "process.h"
#include "process_table.h"

void process_table__fini(struct process_table *table)
{
	for (size_t i = 0; i < table->cap; i++) {
		while (table->slots[i]) {
			struct process *process = table->slots[i];

			table->slots[i] = process->earlier;
			process__free(process);
		}
	}
	free(table->slots);
	*table = (struct process_table){ 0 };
}

static size_t home_of(const struct process_table *table, uint32_t pid)
{
	return pid * 0x9e3779b1u >> 7 & (table->cap - 1);
}

static size_t slot_of(const struct process_table *table, uint32_t pid)
{
	size_t slot = home_of(table, pid);

	while (table->slots[slot] && table->slots[slot]->id.pid != pid)
		slot = (slot + 1) & (table->cap - 1);
	return slot;
}

struct process *process_table__find(const struct process_table *table, uint32_t pid)
{
	return table->cap ? table->slots[slot_of(table, pid)] : NULL;
}

static int grow(struct process_table *table)
{
	struct process_table bigger = { .cnt = table->cnt,
					.cap = table->cap ? table->cap * 2 : 64 };

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < table->cap; i++) {
		if (table->slots[i])
			bigger.slots[slot_of(&bigger, table->slots[i]->id.pid)] = table->slots[i];
	}
	free(table->slots);
	*table = bigger;
	return 0;
}

int process_table__add(struct process_table *table, struct process *process)
{
	size_t slot;

	if (table->cnt * 2 >= table->cap && grow(table))
		return -ENOMEM;
	slot = slot_of(table, process->id.pid);
	process->earlier = table->slots[slot];
	table->slots[slot] = process;
	table->cnt++;
	return 0;
}

void process_table__remove(struct process_table *table, const struct process *process)
{
	size_t hole = slot_of(table, process->id.pid);
	struct process **at = &table->slots[hole];
	size_t mask = table->cap - 1;

	while (*at && *at != process)
		at = &(*at)->earlier;
	if (!*at)
		return;
	*at = process->earlier;
	table->cnt--;
	if (table->slots[hole])
		return;
	/* close the gap, so that no search ends at it too early (Knuth 6.4, algorithm R) */
	for (size_t i = (hole + 1) & mask; table->slots[i]; i = (i + 1) & mask) {
		size_t home = home_of(table, table->slots[i]->id.pid);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			table->slots[hole] = table->slots[i];
			hole = i;
		}
	}
	table->slots[hole] = NULL;
}

struct process *process_table__next(const struct process_table *table,
				    struct process_cursor *cursor)
{
	if (cursor->earlier) {
		struct process *process = cursor->earlier;

		cursor->earlier = process->earlier;
		return process;
	}
	while (cursor->slot < table->cap) {
		struct process *process = table->slots[cursor->slot++];

		if (!process)
			continue;
		cursor->earlier = process->earlier;
		return process;
	}
	return NULL;
}

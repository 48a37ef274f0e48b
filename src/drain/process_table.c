/* SPDX-License-Identifier: MIT */
#include "process.h"
#include "process_table.h"

void process_table__fini(struct process_table *table)
{
	struct process *process;

	while ((process = process_table__next(table, NULL))) {
		process_table__remove(table, process);
		process__free(process);
	}
}

static struct process *first_of(struct process *process, uint32_t pid)
{
	while (process && process->id.pid != pid)
		process = process->next;
	return process;
}

struct process *process_table__find(const struct process_table *table, uint32_t pid)
{
	return first_of(table->lists[pid % PROCESS_TABLE_LISTS], pid);
}

struct process *process_table__earlier(const struct process *process)
{
	return first_of(process->next, process->id.pid);
}

void process_table__add(struct process_table *table, struct process *process)
{
	struct process **list = &table->lists[process->id.pid % PROCESS_TABLE_LISTS];

	process->next = *list;
	*list = process;
	table->cnt++;
}

void process_table__remove(struct process_table *table, const struct process *process)
{
	struct process **at = &table->lists[process->id.pid % PROCESS_TABLE_LISTS];

	while (*at && *at != process)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = process->next;
	table->cnt--;
}

struct process *process_table__next(const struct process_table *table,
				    const struct process *process)
{
	size_t list = 0;

	if (process && process->next)
		return process->next;
	if (process)
		list = process->id.pid % PROCESS_TABLE_LISTS + 1;
	while (list < PROCESS_TABLE_LISTS && !table->lists[list])
		list++;
	return list < PROCESS_TABLE_LISTS ? table->lists[list] : NULL;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "array.h"
#include "facts.h"
#include "ring.h"
#include "thread_table.h"

/* Of one thread. If it is renamed more often, it keeps the last number. */
#define NAMES_MAX   256u
#define FIRST_HEADS 64u

void thread_table__fini(struct thread_table *table)
{
	free(table->items);
	free(table->notes);
	free(table->heads);
	free(table->next);
}

/* ---- lists by tid ---- */

static uint32_t *list_of(const struct thread_table *table, uint32_t tid)
{
	return &table->heads[(tid * 0x9e3779b1u >> 7) & (table->head_cnt - 1)];
}

static void add_to_list(struct thread_table *table, uint32_t number)
{
	uint32_t *head = list_of(table, table->items[number].tid);

	table->next[number] = *head;
	*head = number;
}

static void remove_from_list(struct thread_table *table, uint32_t number)
{
	uint32_t *at = list_of(table, table->items[number].tid);

	while (*at != number && *at != THREAD_NONE)
		at = &table->next[*at];
	if (*at == number)
		*at = table->next[number];
}

static int grow_heads(struct thread_table *table)
{
	size_t head_cnt = table->head_cnt ? table->head_cnt : FIRST_HEADS;
	uint32_t *heads;

	while (head_cnt < table->cnt)
		head_cnt *= 2;
	if (head_cnt == table->head_cnt)
		return 0;
	heads = malloc(head_cnt * sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	memset(heads, 0xff, head_cnt * sizeof(*heads)); /* THREAD_NONE */
	free(table->heads);
	table->heads = heads;
	table->head_cnt = head_cnt;
	table->listed_cnt = 0;
	return 0;
}

/* Adds what came since the last time. */
static int update_lists(struct thread_table *table)
{
	if (table->listed_cnt == table->cnt && table->heads)
		return 0;
	if (array__reserve(table->next, table->cnt, &table->next_cap) || grow_heads(table))
		return -ENOMEM;
	while (table->listed_cnt < table->cnt)
		add_to_list(table, (uint32_t)table->listed_cnt++);
	return 0;
}

/* ---- numbers ---- */

static bool is_thread(const struct thread *thread, const struct wire_head *head)
{
	return thread->tid == head->tid && thread->pid == head->tgid &&
	       memcmp(thread->comm, head->comm, sizeof(thread->comm)) == 0;
}

/* Whether the ring has no entry of it any more, so that another thread may get its number; and the
 * facts can tell the next collector. */
static bool is_unused(const struct thread_table *table, const struct ring *ring, uint32_t number)
{
	const struct thread_note *note = &table->notes[number];

	return ring && (table->facts->fd < 0 || note->place >= 0) &&
	       note->written <= ring__written_bytes(ring) - ring__used_bytes(ring);
}

static bool are_many_unused(const struct thread_table *table, const struct ring *ring)
{
	size_t cnt = 0;

	for (uint32_t i = 0; i < table->cnt; i++)
		cnt += is_unused(table, ring, i);
	return cnt && cnt >= table->cnt / 4;
}

/* A number that can be reused, or -ENOENT. A walk through the table begins only if it finds a
 * quarter of it, at least. */
static int64_t find_unused(struct thread_table *table, const struct ring *ring)
{
	if (!table->notes)
		return -ENOENT;
	if (table->hand == table->cnt && are_many_unused(table, ring))
		table->hand = 0;
	while (table->hand < table->cnt) {
		const uint32_t number = (uint32_t)table->hand++;

		if (is_unused(table, ring, number))
			return number;
	}
	return -ENOENT;
}

static int grow(struct thread_table *table)
{
	size_t note_cap = table->cap, cap = table->cap;

	if (table->notes || !table->cnt) {
		if (array__reserve(table->notes, table->cnt + 1, &note_cap))
			return -ENOMEM;
	}
	if (array__reserve(table->items, table->cnt + 1, &cap))
		return -ENOMEM;
	table->cap = cap;
	return 0;
}

static struct thread thread_of(const struct wire_head *head)
{
	struct thread thread = {
		.pid = head->tgid,
		.tid = head->tid,
		.ns_pid = head->ns_tgid != head->tgid ? head->ns_tgid : 0,
		.ns_tid = head->ns_tid != head->tid ? head->ns_tid : 0,
	};

	memcpy(thread.comm, head->comm, sizeof(thread.comm));
	return thread;
}

static int64_t replace_thread(struct thread_table *table, const struct ring *ring,
			      const struct thread *thread)
{
	int64_t number = find_unused(table, ring);
	int err;

	if (number < 0)
		return number;
	if (table->facts->fd >= 0) {
		err = facts__replace_thread(table->facts, table->notes[number].place, thread);
		if (err)
			return err;
	}
	remove_from_list(table, (uint32_t)number);
	table->items[number] = *thread;
	add_to_list(table, (uint32_t)number);
	return number;
}

static int64_t add_thread(struct thread_table *table, const struct ring *ring,
			  const struct wire_head *head)
{
	const struct thread thread = thread_of(head);
	int64_t number = -ENOENT;

	if (table->cnt == table->cap) {
		number = replace_thread(table, ring, &thread);
		if (number >= 0)
			return number;
		if (grow(table))
			return -ENOMEM;
	}
	number = (int64_t)table->cnt++;
	table->items[number] = thread;
	if (table->notes)
		table->notes[number] = (struct thread_note){
			.place = facts__add_thread(table->facts, &thread),
		};
	else
		(void)facts__add_thread(table->facts, &thread);
	return number;
}

int64_t thread_table__number(struct thread_table *table, const struct ring *ring,
			     const struct wire_head *head, uint32_t hint)
{
	uint32_t newest = THREAD_NONE, names = 0;

	if (hint < table->cnt && is_thread(&table->items[hint], head))
		return hint;
	if (update_lists(table))
		return -ENOMEM;
	for (uint32_t i = *list_of(table, head->tid); i != THREAD_NONE; i = table->next[i]) {
		if (table->items[i].tid != head->tid)
			continue;
		if (is_thread(&table->items[i], head))
			return i;
		if (!names++)
			newest = i;
	}
	return names < NAMES_MAX ? add_thread(table, ring, head) : newest;
}

void thread_table__note_entry(struct thread_table *table, uint32_t number, const struct ring *ring)
{
	if (table->notes)
		table->notes[number].written = ring__written_bytes(ring);
}

void thread_table__add_facts(struct thread_table *table)
{
	for (size_t i = 0; i < table->cnt; i++)
		table->notes[i].place = facts__add_thread(table->facts, &table->items[i]);
}

int thread_table__append(struct thread_table *table, const struct thread *thread)
{
	if (array__reserve(table->items, table->cnt + 1, &table->cap))
		return -ENOMEM;
	table->items[table->cnt++] = *thread;
	return 0;
}

const struct thread *thread_table__of(const struct thread_table *table, uint32_t number,
				      uint32_t tid)
{
	if (number >= table->cnt || table->items[number].tid != tid)
		return NULL;
	return &table->items[number];
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "thread.h"
#include "thread_index.h"

#define FIRST_HEADS 64

void thread_index__fini(struct thread_index *index)
{
	free(index->heads);
	free(index->next);
}

static size_t slot_of(const struct thread_index *index, uint32_t tid)
{
	return (tid * 0x9e3779b1u >> 7) & (index->head_cnt - 1);
}

static void add(struct thread_index *index, uint32_t tid, uint32_t entry)
{
	uint32_t *head = &index->heads[slot_of(index, tid)];

	index->next[entry] = *head;
	*head = entry;
}

/* In more lists, to which all entries are added anew. */
static int grow_heads(struct thread_index *index, size_t cnt)
{
	size_t head_cnt = index->head_cnt ? index->head_cnt : FIRST_HEADS;
	uint32_t *heads;

	while (head_cnt < cnt)
		head_cnt *= 2;
	if (head_cnt == index->head_cnt)
		return 0;
	heads = calloc(head_cnt, sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	for (size_t i = 0; i < head_cnt; i++)
		heads[i] = THREAD_INDEX_NONE;
	free(index->heads);
	index->heads = heads;
	index->head_cnt = head_cnt;
	index->cnt = 0;
	return 0;
}

int thread_index__update(struct thread_index *index, const struct thread *threads, size_t cnt)
{
	int err;

	if (index->cnt == cnt && index->heads)
		return 0;
	err = array__reserve(index->next, cnt, &index->next_cap);
	if (!err)
		err = grow_heads(index, cnt);
	for (; !err && index->cnt < cnt; index->cnt++)
		add(index, threads[index->cnt].tid, (uint32_t)index->cnt);
	return err;
}

void thread_index__move(struct thread_index *index, uint32_t entry, uint32_t old_tid, uint32_t tid)
{
	uint32_t *at = &index->heads[slot_of(index, old_tid)];

	while (*at != entry && *at != THREAD_INDEX_NONE)
		at = &index->next[*at];
	if (*at == entry)
		*at = index->next[entry];
	add(index, tid, entry);
}

uint32_t thread_index__first(const struct thread_index *index, uint32_t tid)
{
	return index->heads[slot_of(index, tid)];
}

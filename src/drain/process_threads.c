/* SPDX-License-Identifier: MIT */
/*
 * A process's table of threads: entries in the ring say by number whose they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "facts.h"
#include "process.h"
#include "ring.h"
#include "thread.h"
#include "thread_index.h"

/* Of one thread; whoever renames it more often goes on under the last of them. */
#define NAMES_MAX 256u

static bool is_thread(const struct thread *thread, const struct wire_head *head)
{
	return thread->tid == head->tid && thread->pid == head->tgid &&
	       memcmp(thread->comm, head->comm, sizeof(thread->comm)) == 0;
}

/* Whether nothing in the ring is its any more, so that another thread may have its number; and the
 * next collector would know, should there be one. */
static bool is_unused(const struct process *process, uint32_t number)
{
	const struct thread_note *note = &process->thread_notes[number];

	return process->ring && (process->facts_fd < 0 || note->place >= 0) &&
	       note->written <=
		       ring__written_bytes(process->ring) - ring__used_bytes(process->ring);
}

static bool are_many_unused(const struct process *process)
{
	size_t cnt = 0;

	for (uint32_t i = 0; i < process->thread_cnt; i++)
		cnt += is_unused(process, i);
	return cnt && cnt >= process->thread_cnt / 4;
}

/* A number that can be had again, or -ENOENT: the table is looked through once for each quarter of it,
 * at least, that is found. */
static int64_t find_unused(struct process *process)
{
	if (!process->thread_notes)
		return -ENOENT;
	if (process->thread_hand == process->thread_cnt && are_many_unused(process))
		process->thread_hand = 0;
	while (process->thread_hand < process->thread_cnt) {
		const uint32_t number = (uint32_t)process->thread_hand++;

		if (is_unused(process, number))
			return number;
	}
	return -ENOENT;
}

static int grow_threads(struct process *process)
{
	size_t cap = process->thread_cap ? process->thread_cap * 2 : 16;
	struct thread *threads;
	struct thread_note *notes;

	threads = reallocarray(process->threads, cap, sizeof(*threads));
	if (!threads)
		return -ENOMEM;
	process->threads = threads;
	if (process->thread_notes || !process->thread_cnt) {
		notes = reallocarray(process->thread_notes, cap, sizeof(*notes));
		if (!notes)
			return -ENOMEM;
		process->thread_notes = notes;
	}
	process->thread_cap = cap;
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

/* Threads come and go without end, and of those that went nothing is left in the ring one day. */
static int64_t replace_thread(struct process *process, const struct thread *thread)
{
	int64_t number = find_unused(process);
	int err;

	if (number < 0)
		return number;
	if (process->facts_fd >= 0) {
		err = facts__replace_thread(process->facts_fd, process->thread_notes[number].place,
					    thread);
		if (err)
			return err;
	}
	thread_index__move(&process->thread_index, (uint32_t)number, process->threads[number].tid,
			   thread->tid);
	process->threads[number] = *thread;
	return number;
}

static int64_t add_thread(struct process *process, const struct wire_head *head)
{
	const struct thread thread = thread_of(head);
	int64_t number = -ENOENT;

	if (process->thread_cnt == process->thread_cap) {
		number = replace_thread(process, &thread);
		if (number >= 0)
			return number;
		if (grow_threads(process))
			return -ENOMEM;
	}
	number = (int64_t)process->thread_cnt++;
	process->threads[number] = thread;
	if (process->thread_notes)
		process->thread_notes[number] = (struct thread_note){
			.place = facts__add_thread(process->facts_fd, &thread),
		};
	else
		(void)facts__add_thread(process->facts_fd, &thread);
	return number;
}

int64_t process__thread_number(struct process *process, const struct wire_head *head, uint32_t hint)
{
	const struct thread_index *index = &process->thread_index;
	uint32_t newest = THREAD_INDEX_NONE, names = 0;
	uint32_t i;

	if (hint < process->thread_cnt && is_thread(&process->threads[hint], head))
		return hint;
	if (thread_index__update(&process->thread_index, process->threads, process->thread_cnt))
		return -ENOMEM;
	for (i = thread_index__first(index, head->tid); i != THREAD_INDEX_NONE;
	     i = thread_index__next(index, i)) {
		if (process->threads[i].tid != head->tid)
			continue;
		if (is_thread(&process->threads[i], head))
			return i;
		if (!names++)
			newest = i;
	}
	return names < NAMES_MAX ? add_thread(process, head) : newest;
}

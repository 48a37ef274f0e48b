/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "hash.h"
#include "thread_names.h"
#include <ttlog/read.h>

#define SLOTS (2 * THREAD_NAMES_MAX)

void thread_names__fini(struct thread_names *names)
{
	free(names->slots);
	*names = (struct thread_names){ .slots = NULL };
}

void thread_names__add(struct thread_names *names, const struct ttlog_thread *thread)
{
	uint64_t hash = hash__bytes(hash__mix(0, thread->pid), thread->comm.p, thread->comm.len) |
			1;
	size_t at = hash__mix(0, hash) % SLOTS;

	if (names->repeat)
		return;
	if (!names->slots)
		names->slots = calloc(SLOTS, sizeof(*names->slots));
	if (!names->slots || names->cnt == THREAD_NAMES_MAX) {
		names->repeat = true;
		return;
	}
	while (names->slots[at].hash && names->slots[at].hash != hash)
		at = (at + 1) % SLOTS;
	if (names->slots[at].hash) {
		names->repeat = names->slots[at].tid != thread->tid;
		return;
	}
	names->slots[at] = (struct thread_name){ hash, thread->tid };
	names->cnt++;
}

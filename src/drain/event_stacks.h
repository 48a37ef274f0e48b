/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a process's last events that have one (--stack). A message says where a thread is
 * that is about to log, and which event of its batch that will be; the batch may come before the
 * message, or after it. What is not certain is dropped. Belongs to the drain thread.
 */
#ifndef TTLOG_EVENT_STACKS_H
#define TTLOG_EVENT_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"

struct source_table;
struct wire_batch;
struct wire_event;
struct wire_event_stack;
struct wire_thread;

/* Of a process: the newest. */
#define EVENT_STACKS_MAX 256u

enum event_stack_state {
	EVENT_STACK_DROPPED = 0,
	EVENT_STACK_PENDING = 1, /* its event has not come yet */
	EVENT_STACK_KNOWN = 2,   /* thread, seq, ticks and place are set */
};

/* Who takes stacks as they come; a snapshot has the last ones. */
enum event_stack_taker {
	EVENT_STACK_STREAM = 1,
	EVENT_STACK_FOLLOWER = 2,
};

/* A stack and its event: the record at that place in that batch of the thread and module, if it is
 * one of that site. */
struct event_stack {
	enum event_stack_state state;
	uint8_t taken; /* which of enum event_stack_taker have it */
	bool is_alone; /* as in the message */
	uint32_t module, site;
	uint32_t thread; /* its number */
	uint32_t place;
	uint64_t seq, ticks;       /* of the batch: ticks are its base_ticks */
	uint64_t address, ordinal; /* as in the message */
	struct crash_other where;
};

#define EVENT_STACKS_BATCHES 256u

/* A batch that was taken, as far as it was: so many events were in earlier ones. */
struct event_stacks_batch {
	uint64_t address, seq, ticks;
	uint64_t before, cnt;
	uint32_t module, thread, tid;
};

struct event_stacks {
	size_t cnt; /* ever; the last ones are in items, at [i % EVENT_STACKS_MAX] */
	size_t pending_cnt;
	struct event_stack items[EVENT_STACKS_MAX];
	/* likewise: the last ones, since a message may come late */
	size_t batch_cnt;
	struct event_stacks_batch batches[EVENT_STACKS_BATCHES];
};

/* Makes *stacks if it is NULL. sources: of the process. 0 or -ENOMEM. */
int event_stacks__add(struct event_stacks **stacks, const struct wire_event_stack *message,
		      const struct source_table *sources);
/* For each batch that is taken; thread: its number. */
void event_stacks__take_batch(struct event_stacks *stacks, const struct wire_batch *message,
			      uint32_t thread);
/* The thread's event of another probe, in a batch of its own: that of its last such stack. thread:
 * its number. */
void event_stacks__take_alone(struct event_stacks *stacks, const struct wire_event *message,
			      uint64_t ticks, uint32_t thread);
/* A thread has a batch now (WIRE_BEGIN), maybe one that another thread had: which tells what the
 * stack from before that is of. */
void event_stacks__begin(struct event_stacks *stacks, const struct wire_thread *message,
			 const struct source_table *sources);
/* The process runs another program: what has not come never will. */
void event_stacks__exec(struct event_stacks *stacks);
/* A copy of those that are known, *ret_cnt of them. NULL: there are none, or no memory. The caller
 * frees it with event_stacks__free_copy(). */
struct event_stack *event_stacks__copy(const struct event_stacks *stacks, size_t *ret_cnt);
/* Likewise, those that this taker did not have yet. */
struct event_stack *event_stacks__take_new(struct event_stacks *stacks,
					   enum event_stack_taker taker, size_t *ret_cnt);
/* So many that taker did not have yet, and that are known. */
size_t event_stacks__new_cnt(const struct event_stacks *stacks, enum event_stack_taker taker);
/* From now on they are not new to this taker. */
void event_stacks__pass(struct event_stacks *stacks, enum event_stack_taker taker);
/* Messages that came, ever. */
uint64_t event_stacks__cnt(const struct event_stacks *stacks);
void event_stacks__free_copy(struct event_stack *stacks, size_t cnt);

#endif /* TTLOG_EVENT_STACKS_H */

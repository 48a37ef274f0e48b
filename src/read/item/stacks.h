/* SPDX-License-Identifier: MIT */
/*
 * The stacks of events: FORMAT.md, section 2, key `stacks`.
 */
#ifndef TTLOG_READ_STACKS_H
#define TTLOG_READ_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "ttlog/read.h"

struct arena;

#define STACKS_MAX_FRAMES 65536u

struct stack {
	const struct ttlog_frame *const *frames; /* innermost first */
	size_t frame_cnt;
};

/* The event is the one with that identity, if it is of that site. */
struct stack_event {
	uint64_t thread, module, seq, ticks, place, site;
	const struct stack *stack;
};

/* Starts with zeroes. */
struct stacks {
	struct stack_event *events; /* in the order of their identities */
	size_t event_cnt;
};

/* What is not valid is left out. 0 or -ENOMEM. */
int stacks__parse(struct stacks *ret, struct ttlog_cbor map, struct arena *arena);
/* Adds events with copies of their stacks; those with the same stack stand together. 0, or -ENOMEM:
 * none is added. */
int stacks__add(struct stacks *stacks, const struct stack_event *events, size_t cnt,
		struct arena *arena);
/* `event` has an identity and a site. NULL: it has no stack. */
const struct stack *stacks__find(const struct stacks *stacks, const struct stack_event *event);

#endif /* TTLOG_READ_STACKS_H */

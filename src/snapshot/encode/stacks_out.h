/* SPDX-License-Identifier: MIT */
/*
 * Stacks of events (FORMAT.md, key `stacks`): each frame once, and each list of frames. In a segment
 * of a stream, what is new comes in one part after another, and numbers go on.
 */
#ifndef TTLOG_STACKS_OUT_H
#define TTLOG_STACKS_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct catalog;
struct cbor_map;
struct event_stack;
struct stacks_out;

/* NULL without memory. */
struct stacks_out *stacks_out__new(void);
/* NULL is fine. */
void stacks_out__free(struct stacks_out *stacks);

/* Adds stacks with names, as far as the catalog has numbers for their sites and threads. */
void stacks_out__add(struct stacks_out *stacks, const struct event_stack *from, size_t cnt,
		     const struct catalog *catalog);
/* Whether anything was added since stacks_out__put(). NULL: no. */
bool stacks_out__is_new(const struct stacks_out *stacks);
/* Puts that: key `stacks`, or nothing. */
void stacks_out__put(struct stacks_out *stacks, struct cbor_map *to);
/* Whether a reader should not have to keep more of one file. NULL: no. */
bool stacks_out__is_full(const struct stacks_out *stacks);

#endif /* TTLOG_STACKS_OUT_H */

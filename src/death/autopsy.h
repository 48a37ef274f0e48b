/* SPDX-License-Identifier: MIT */
/*
 * A crash in words.
 */
#ifndef TTLOG_AUTOPSY_H
#define TTLOG_AUTOPSY_H

#include <stddef.h>
#include <stdint.h>

struct attach;
struct crash;
struct event_stack;
struct mappings;
struct unwind;

/* Module, build id and offset of each frame from the mappings, names from the files; slow. uid:
 * whose process it was. unwind: NULL for names by symbol tables alone. */
void autopsy__resolve(struct crash *crash, uint32_t uid, struct attach *attach,
		      struct unwind *unwind);

/* The same for the stacks of events of a process with these mappings. Once max_ns have passed
 * after the first one, the oldest ones get no frames. */
void autopsy__name_stacks(struct event_stack *stacks, size_t cnt, const struct mappings *mappings,
			  uint32_t uid, struct attach *attach, struct unwind *unwind,
			  uint64_t max_ns);

#endif /* TTLOG_AUTOPSY_H */

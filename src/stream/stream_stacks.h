/* SPDX-License-Identifier: MIT */
/*
 * The stacks of a stream's events (--stack), on their way into its segments. The last ones stay until
 * others come: their events may be held back, and come into the next segment. The encoder thread's.
 */
#ifndef TTLOG_STREAM_STACKS_H
#define TTLOG_STREAM_STACKS_H

#include <stdbool.h>
#include <stddef.h>

struct catalog;
struct event_stack;
struct stacks_out;

/* All zero is valid: none. */
struct stream_stacks {
	struct event_stack *old, *now; /* those before; the last ones */
	size_t old_cnt, now_cnt;
	struct stacks_out *out; /* what the open segment has; NULL: none yet */
	bool is_added;          /* the last ones are in it */
	bool has_failed;        /* this segment gets no more */
};

void stream_stacks__fini(struct stream_stacks *stacks);
/* Takes ownership. */
void stream_stacks__take(struct stream_stacks *stacks, struct event_stack *now, size_t cnt);
/* Another segment begins, which has none. */
void stream_stacks__begin_segment(struct stream_stacks *stacks);
/* All that the segment is to have, for its next tables; NULL: none. The catalog has numbered the
 * sites and threads. */
struct stacks_out *stream_stacks__next(struct stream_stacks *stacks, const struct catalog *catalog);
/* Those tables could not be put. */
void stream_stacks__fail(struct stream_stacks *stacks);

#endif /* TTLOG_STREAM_STACKS_H */

/* SPDX-License-Identifier: MIT */
#include "event_stacks.h"
#include "stacks_out.h"
#include "stream_stacks.h"

void stream_stacks__fini(struct stream_stacks *stacks)
{
	event_stacks__free_copy(stacks->old, stacks->old_cnt);
	event_stacks__free_copy(stacks->now, stacks->now_cnt);
	stacks_out__free(stacks->out);
	*stacks = (struct stream_stacks){ .out = NULL };
}

void stream_stacks__take(struct stream_stacks *stacks, struct event_stack *now, size_t cnt)
{
	event_stacks__free_copy(stacks->old, stacks->old_cnt);
	stacks->old = stacks->now;
	stacks->old_cnt = stacks->now_cnt;
	stacks->now = now;
	stacks->now_cnt = cnt;
	stacks->is_added = false;
}

void stream_stacks__begin_segment(struct stream_stacks *stacks)
{
	stacks_out__free(stacks->out);
	stacks->out = NULL;
	stacks->is_added = stacks->has_failed = false;
}

/* Without memory there are none. */
struct stacks_out *stream_stacks__next(struct stream_stacks *stacks, const struct catalog *catalog)
{
	if (stacks->is_added || stacks->has_failed)
		return stacks->out;
	if (!stacks->out && (stacks->old_cnt || stacks->now_cnt)) {
		stacks->out = stacks_out__new();
		if (stacks->out)
			stacks_out__add(stacks->out, stacks->old, stacks->old_cnt, catalog);
	}
	if (stacks->out)
		stacks_out__add(stacks->out, stacks->now, stacks->now_cnt, catalog);
	stacks->is_added = true;
	return stacks->out;
}

void stream_stacks__fail(struct stream_stacks *stacks)
{
	stream_stacks__begin_segment(stacks);
	stacks->has_failed = true;
}

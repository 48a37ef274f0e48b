/* SPDX-License-Identifier: MIT */
#include "identity.h"
#include "reader.h"
#include "stacks.h"

size_t ttlog_event_stack(const struct ttlog_event *event,
			 const struct ttlog_frame *const **ret_frames)
{
	const struct stacks *stacks = &event->snapshot->header.stacks;
	const struct stack *stack;
	struct identity id;

	if (!stacks->event_cnt || !event->source->identity || !event->source->identity(event, &id))
		return 0;
	stack = stacks__find(stacks, &(const struct stack_event){
					     .thread = id.run->thread,
					     .module = id.run->module,
					     .seq = id.run->seq,
					     .ticks = id.run->ticks,
					     .place = id.place,
					     .site = event->site_number,
				     });
	if (!stack)
		return 0;
	*ret_frames = stack->frames;
	return stack->frame_cnt;
}

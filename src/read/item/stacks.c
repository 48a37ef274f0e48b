/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "cbor_reader.h"
#include "details.h"
#include "stacks.h"

/* The frames of the map; then its lists. */
struct parse {
	struct arena *arena;
	const struct ttlog_frame *const *frames;
	size_t frame_cnt;
	struct stack *lists;
	size_t list_cnt;
};

/* -EBADMSG: it is not valid. */
static int parse_list(const struct parse *parse, struct ttlog_cbor *in, struct stack *ret)
{
	const struct ttlog_frame **frames;
	uint64_t cnt, number;

	/* a number takes a byte at least */
	if (cbor_reader__array(in, &cnt) || cnt > cbor_reader__left(in))
		return -EBADMSG;
	frames = arena__alloc(parse->arena, cnt, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	for (uint64_t i = 0; i < cnt; i++) {
		if (cbor_reader__uint(in, &number) || number >= parse->frame_cnt)
			return -EBADMSG;
		frames[i] = parse->frames[number];
	}
	*ret = (struct stack){ frames, cnt };
	return 0;
}

static int parse_lists(struct parse *parse, struct ttlog_cbor in)
{
	uint64_t cnt;
	int err = 0;

	if (cbor_reader__array(&in, &cnt) || cnt > cbor_reader__left(&in))
		return -EBADMSG;
	parse->lists = arena__alloc(parse->arena, cnt, sizeof(*parse->lists));
	if (!parse->lists)
		return -ENOMEM;
	while (!err && parse->list_cnt < cnt) {
		err = parse_list(parse, &in, &parse->lists[parse->list_cnt]);
		parse->list_cnt += !err;
	}
	return err;
}

static int parse_event(const struct parse *parse, struct ttlog_cbor *in, struct stack_event *ret)
{
	uint64_t *const numbers[] = { &ret->thread, &ret->module, &ret->seq,
				      &ret->ticks,  &ret->place,  &ret->site };
	uint64_t cnt, list;

	if (cbor_reader__array(in, &cnt) || cnt != ARRAY_SIZE(numbers) + 1)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (cbor_reader__uint(in, numbers[i]))
			return -EBADMSG;
	}
	if (cbor_reader__uint(in, &list) || list >= parse->list_cnt)
		return -EBADMSG;
	ret->stack = &parse->lists[list];
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct stack_event *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int parse_events(const struct parse *parse, struct ttlog_cbor in, struct stacks *ret)
{
	struct stacks stacks = { .events = NULL };
	uint64_t cnt;

	if (cbor_reader__array(&in, &cnt) || cnt > cbor_reader__left(&in))
		return -EBADMSG;
	stacks.events = arena__alloc(parse->arena, cnt, sizeof(*stacks.events));
	if (!stacks.events)
		return -ENOMEM;
	while (stacks.event_cnt < cnt) {
		if (parse_event(parse, &in, &stacks.events[stacks.event_cnt]))
			return -EBADMSG;
		stacks.event_cnt++;
	}
	qsort(stacks.events, stacks.event_cnt, sizeof(*stacks.events), compare);
	*ret = stacks;
	return 0;
}

int stacks__parse(struct stacks *ret, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_cbor frames = { NULL, NULL }, lists = { NULL, NULL }, events = { NULL, NULL };
	const struct cbor_member members[] = {
		{ "frames", .item = &frames },
		{ "lists", .item = &lists },
		{ "events", .item = &events },
	};
	struct parse parse = { .arena = arena };
	int err;

	*ret = (struct stacks){ .events = NULL };
	if (cbor_reader__members(members, ARRAY_SIZE(members), &map) || !frames.at || !lists.at ||
	    !events.at)
		return 0;
	err = details__parse_frames(frames, arena, STACKS_MAX_FRAMES, &parse.frames,
				    &parse.frame_cnt);
	if (!err)
		err = parse_lists(&parse, lists);
	if (!err)
		err = parse_events(&parse, events, ret);
	return err == -ENOMEM ? err : 0;
}

static bool copy_text(struct ttlog_text *text, struct arena *arena)
{
	char *copy;

	if (!text->p)
		return true;
	copy = arena__alloc(arena, text->len, 1);
	if (!copy)
		return false;
	memcpy(copy, text->p, text->len);
	text->p = copy;
	return true;
}

static const struct ttlog_frame *copy_frame(const struct ttlog_frame *frame, struct arena *arena)
{
	struct ttlog_frame *copy = arena__alloc(arena, 1, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *frame;
	if (copy_text(&copy->ip, arena) && copy_text(&copy->module, arena) &&
	    copy_text(&copy->build_id, arena) && copy_text(&copy->offset, arena) &&
	    copy_text(&copy->symbol, arena) && copy_text(&copy->file, arena))
		return copy;
	return NULL;
}

static const struct stack *copy_stack(const struct stack *stack, struct arena *arena)
{
	struct stack *copy = arena__alloc(arena, 1, sizeof(*copy));
	const struct ttlog_frame **frames = arena__alloc(arena, stack->frame_cnt, sizeof(*frames));

	if (!copy || !frames)
		return NULL;
	for (size_t i = 0; i < stack->frame_cnt; i++) {
		frames[i] = copy_frame(stack->frames[i], arena);
		if (!frames[i])
			return NULL;
	}
	*copy = (struct stack){ frames, stack->frame_cnt };
	return copy;
}

int stacks__add(struct stacks *stacks, const struct stack_event *events, size_t cnt,
		struct arena *arena)
{
	struct stack_event *all;

	if (!cnt)
		return 0;
	all = arena__alloc(arena, stacks->event_cnt + cnt, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		all[i] = events[i];
		all[i].stack = i && events[i].stack == events[i - 1].stack
				       ? all[i - 1].stack
				       : copy_stack(events[i].stack, arena);
		if (!all[i].stack)
			return -ENOMEM;
	}
	if (stacks->event_cnt)
		memcpy(all + cnt, stacks->events, stacks->event_cnt * sizeof(*all));
	qsort(all, stacks->event_cnt + cnt, sizeof(*all), compare);
	stacks->events = all;
	stacks->event_cnt += cnt;
	return 0;
}

const struct stack *stacks__find(const struct stacks *stacks, const struct stack_event *event)
{
	const struct stack_event *found;

	if (!stacks->event_cnt)
		return NULL;
	found = bsearch(event, stacks->events, stacks->event_cnt, sizeof(*event), compare);
	return found && found->site == event->site ? found->stack : NULL;
}

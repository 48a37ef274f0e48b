/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "event_frames.h"
#include "frame_names.h"
#include "hex.h"

#define BUILD_ID_CHARS 40u

/* It goes into an address of a server. */
static bool is_build_id(struct ttlog_text id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (hex__digit(id.p[i]) < 0)
			return false;
	}
	return id.len && id.len <= BUILD_ID_CHARS && id.len % 2 == 0;
}

/* A signal's handler returns to the function of __restore_rt, and that to the place where the
 * signal came. All other places but the innermost are those after a call. */
static bool is_interrupted(const struct ttlog_frame *inner)
{
	static const char NAME[] = "__restore_rt";

	return inner->symbol.len >= sizeof(NAME) - 1 &&
	       !memcmp(inner->symbol.p, NAME, sizeof(NAME) - 1);
}

static int add_stack(struct frame_names *names, size_t stack,
		     const struct ttlog_frame *const *frames, size_t cnt)
{
	for (size_t i = 0; i < cnt && names->cnt < FRAME_NAMES_MAX; i++) {
		const struct ttlog_frame *frame = frames[i];
		const bool is_innermost = !i && stack != FRAME_STACK_OUTER;
		/* the frame that functions were inlined into has their address */
		const bool is_done = frame->has_line || frame->is_inlined ||
				     (i && frames[i - 1]->is_inlined);
		uint64_t offset;

		if (is_done || !is_build_id(frame->build_id) ||
		    !hex__address(frame->offset, &offset))
			continue;
		if (array__reserve(names->list, names->cnt + 1, &names->cap))
			return -ENOMEM;
		names->list[names->cnt++] = (struct frame_to_name){
			.stack = stack,
			.frame = i,
			.shown = frame,
			.place = { .offset = offset,
				   .is_call = !is_innermost &&
					      !(i && is_interrupted(frames[i - 1])) },
		};
	}
	return 0;
}

static int add_events(struct frame_names *names, const struct event_frames *events)
{
	for (size_t i = 0; i < events->cnt && names->cnt < FRAME_NAMES_MAX; i++) {
		const struct event_frame *frame = &events->list[i];
		uint64_t offset;

		if (frame->is_done || frame->shown.has_line || frame->shown.is_inlined ||
		    !is_build_id(frame->shown.build_id) ||
		    !hex__address(frame->shown.offset, &offset))
			continue;
		if (array__reserve(names->list, names->cnt + 1, &names->cap))
			return -ENOMEM;
		names->list[names->cnt++] = (struct frame_to_name){
			.stack = FRAME_STACK_EVENTS,
			.frame = i,
			.shown = &frame->shown,
			.place = { .offset = offset, .is_call = !frame->is_place },
		};
	}
	return 0;
}

int frame_names__init(struct frame_names *ret, const struct ttlog_crash *crash,
		      const struct event_frames *events)
{
	struct frame_names names = { .cnt = 0 };
	int err = add_stack(&names, FRAME_STACK_CRASH, crash->frames, crash->frame_cnt);

	if (!err)
		err = add_stack(&names, FRAME_STACK_OUTER, crash->outer_frames, crash->outer_cnt);
	for (size_t i = 0; !err && i < crash->thread_cnt; i++)
		err = add_stack(&names, FRAME_STACK_THREADS + i, crash->threads[i]->frames,
				crash->threads[i]->frame_cnt);
	if (!err)
		err = add_events(&names, events);
	if (err)
		frame_names__fini(&names);
	*ret = names;
	return err;
}

void frame_names__fini(struct frame_names *names)
{
	for (size_t i = 0; i < names->cnt; i++) {
		for (size_t k = 0; k < names->list[i].name_cnt; k++) {
			free(names->list[i].names[k].symbol);
			free(names->list[i].names[k].file);
		}
		free(names->list[i].names);
	}
	free(names->list);
	*names = (struct frame_names){ .cnt = 0 };
}

static bool copy(const char *text, char **ret)
{
	*ret = *text ? strdup(text) : NULL;
	return *ret || !*text;
}

bool frame_names__add(struct frame_to_name *frame, const struct name_told *told)
{
	struct frame_name name = { .line = told->line };

	if (frame->is_named || frame->name_cnt > NAME_CHILD_INLINED)
		return true; /* the child tells more than it should */
	if (!copy(told->symbol, &name.symbol) || !copy(told->file, &name.file) ||
	    array__reserve(frame->names, frame->name_cnt + 1, &frame->name_cap)) {
		free(name.symbol);
		free(name.file);
		return false;
	}
	frame->names[frame->name_cnt++] = name;
	/* where nothing is known, it stays as it is */
	frame->is_named = !told->is_inlined && (name.symbol || name.file || frame->name_cnt > 1);
	return true;
}

void frame_names__count(struct frame_names *names)
{
	size_t more = 0;

	for (size_t i = 0; i < names->cnt; i++) {
		struct frame_to_name *frame = &names->list[i];

		if (i && names->list[i - 1].stack != frame->stack)
			more = 0;
		frame->more = more;
		more += frame->is_named ? frame->name_cnt - 1 : 0;
	}
}

size_t frame_names__before(const struct frame_names *names, size_t stack, size_t frame)
{
	const struct frame_to_name *before;
	size_t from = 0, to = names->cnt;

	/* the first one that is not before it */
	while (from < to) {
		const size_t at = from + (to - from) / 2;
		const struct frame_to_name *one = &names->list[at];

		if (one->stack < stack || (one->stack == stack && one->frame < frame))
			from = at + 1;
		else
			to = at;
	}
	before = from ? &names->list[from - 1] : NULL;
	if (!before || before->stack != stack)
		return 0;
	return before->more + (before->is_named ? before->name_cnt - 1 : 0);
}

static int compare(const void *key, const void *item)
{
	const struct frame_to_name *a = key, *b = item;

	if (a->stack != b->stack)
		return a->stack < b->stack ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

const struct frame_to_name *frame_names__find(const struct frame_names *names, size_t stack,
					      size_t frame)
{
	const struct frame_to_name key = { .stack = stack, .frame = frame };
	const struct frame_to_name *found =
		names->cnt ? bsearch(&key, names->list, names->cnt, sizeof(key), compare) : NULL;

	return found && found->is_named ? found : NULL;
}

/* SPDX-License-Identifier: MIT */
/* The frames of a crash, and of the stacks of events, that lack a name or a line, and the names that
 * were found for them. */
#ifndef TTLOG_VIEW_FRAME_NAMES_H
#define TTLOG_VIEW_FRAME_NAMES_H

#include <ttlog/read.h>

#include "name_child.h"

struct event_frames;

/* Of one file, which may be hostile. */
#define FRAME_NAMES_MAX       65536u
#define FRAME_NAMES_MAX_FILES 256u

struct frame_name {
	char *symbol, *file; /* owned; NULL: unknown */
	uint32_t line;
};

struct frame_to_name {
	size_t stack; /* enum frame_stack, or of thread k: FRAME_STACK_THREADS + k */
	size_t frame; /* its number there */
	const struct ttlog_frame *shown;
	struct name_place place;
	struct frame_name *names; /* of inlined functions first; the last is that of the code */
	size_t name_cnt, name_cap;
	bool is_named; /* the last one has come */
	size_t more;   /* frame_names__count() has set it: see frame_names__before() */
};

enum frame_stack {
	FRAME_STACK_CRASH = 0,
	FRAME_STACK_OUTER = 1,
	FRAME_STACK_THREADS = 2,
};

/* The frames of all events, by their numbers. */
#define FRAME_STACK_EVENTS SIZE_MAX

struct frame_names {
	struct frame_to_name *list; /* by stack and frame */
	size_t cnt, cap;
};

/* Lives as long as both. 0 or -ENOMEM; then ret is empty. */
int frame_names__init(struct frame_names *ret, const struct ttlog_crash *crash,
		      const struct event_frames *events);
void frame_names__fini(struct frame_names *names);

/* Adds a name; false: no memory. */
bool frame_names__add(struct frame_to_name *frame, const struct name_told *told);
/* After the last name. */
void frame_names__count(struct frame_names *names);
/* By how many the frames of a stack that come before this one are more with their new names. */
size_t frame_names__before(const struct frame_names *names, size_t stack, size_t frame);
/* NULL: the frame has no new name. */
const struct frame_to_name *frame_names__find(const struct frame_names *names, size_t stack,
					      size_t frame);

#endif /* TTLOG_VIEW_FRAME_NAMES_H */

/* SPDX-License-Identifier: MIT */
/*
 * How processes died, for outputs that show it as an event among the others: what of, in which
 * thread, with the stack. When it was is not in the file: it is shown with the last event.
 */
#ifndef TTLOG_VIEW_DEATH_EVENT_H
#define TTLOG_VIEW_DEATH_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "buffer.h"
#include "spans.h"

/* What outputs with categories call it; a target of the program's may have that name. */
#define DEATH_CATEGORY "crash"

struct death {
	const struct ttlog_info *info; /* its crash is there */
	size_t reader;                 /* the place of the file that says it */
	size_t machine;
	uint64_t mono_ns; /* on the axis of spans__ns() */
	uint64_t real_ns;
	uint64_t pid, tid;
	const struct lane *lane; /* of the thread; NULL: there is no event of it */
	const char *words;       /* "SIGSEGV in parse_order (src/orders.c:88)" */
};

/* Each process once. Returns 0 or -ENOMEM. */
int deaths__each(const struct spans *spans, void (*show)(void *to, const struct death *death),
		 void *to);

/* "parse_order+0x1f at src/orders.c:88 in /usr/bin/orders+0x1f2e" */
void death_event__frame(struct buffer *to, const struct ttlog_frame *frame);
/* All frames, a line each. */
void death_event__stack(struct buffer *to, const struct ttlog_crash *crash);

#endif /* TTLOG_VIEW_DEATH_EVENT_H */

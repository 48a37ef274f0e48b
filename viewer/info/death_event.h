/* SPDX-License-Identifier: MIT */
/*
 * The deaths of processes, for outputs that show them as events: cause, thread and stack. The file
 * has no time of death: it is shown at the time of the last event.
 */
#ifndef TTLOG_VIEW_DEATH_EVENT_H
#define TTLOG_VIEW_DEATH_EVENT_H

#include <ttlog/read.h>
#include "buffer.h"
#include "spans.h"

/* Its category, for outputs with categories; a target of the program may have the same name. */
#define DEATH_CATEGORY "crash"

struct death {
	const struct ttlog_info *info; /* has the crash */
	size_t reader;                 /* the place of its file */
	size_t machine;
	uint64_t mono_ns; /* on the axis of spans__ns() */
	uint64_t real_ns;
	uint64_t pid, tid;
	const struct lane *lane; /* of the thread; NULL: it has no event */
	const char *words;       /* "SIGSEGV in parse_order (src/orders.c:88)" */
};

/* Calls show once for each process. Returns 0 or -ENOMEM. */
int deaths__each(const struct spans *spans, void (*show)(void *to, const struct death *death),
		 void *to);

/* "parse_order+0x1f at src/orders.c:88 in /usr/bin/orders+0x1f2e" */
void death_event__frame(struct buffer *to, const struct ttlog_frame *frame);
/* All frames, one per line. */
void death_event__stack(struct buffer *to, const struct ttlog_crash *crash);

#endif /* TTLOG_VIEW_DEATH_EVENT_H */

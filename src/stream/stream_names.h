/* SPDX-License-Identifier: MIT */
/*
 * A thread that names the stacks of events (--stack) on their way to the encoder. That may take a
 * second for a process; no job with events waits for it, but the last one of a stream.
 */
#ifndef TTLOG_STREAM_NAMES_H
#define TTLOG_STREAM_NAMES_H

#include "mappings.h"
#include "streams.h"

struct attach;
struct event_stack;
struct stream_names;

/* A job on its way; or stacks of earlier jobs' events, if it has none. */
struct stream_task {
	struct stream_task *next;
	struct stream *stream;
	struct stream_submission submission;
	struct event_stack *stacks;
	size_t stack_cnt;
	struct mappings mappings; /* of their process, as is: */
	uint32_t uid;
};

/* pass: called in the thread for each task, in the order in which they came. NULL with errno. */
struct stream_names *stream_names__new(struct attach *attach,
				       void (*pass)(void *ctx, struct stream_task *task),
				       void *ctx);
/* After all other calls: names what is left. NULL is fine. */
void stream_names__free(struct stream_names *names);

/* Frees the task, but not its job. */
void stream_task__free(struct stream_task *task);

/* The drain thread. Takes ownership. */
void stream_names__put(struct stream_names *names, struct stream_task *task);

#endif /* TTLOG_STREAM_NAMES_H */

/* SPDX-License-Identifier: MIT */
/*
 * A thread that names the stacks of events (--stack) in jobs on their way to the encoder. That may
 * take a second for a process; streams without stacks don't wait for it.
 */
#ifndef TTLOG_STREAM_NAMES_H
#define TTLOG_STREAM_NAMES_H

#include "streams.h"

struct attach;
struct stream_names;

/* A job on its way. */
struct stream_task {
	struct stream_task *next;
	struct stream *stream;
	struct stream_submission submission;
};

/* pass: called in the thread for each task, in the order in which they came. NULL with errno. */
struct stream_names *stream_names__new(struct attach *attach,
				       void (*pass)(void *ctx, struct stream_task *task),
				       void *ctx);
/* After all other calls: names what is left. NULL is fine. */
void stream_names__free(struct stream_names *names);

/* The drain thread. Takes ownership. */
void stream_names__put(struct stream_names *names, struct stream_task *task);

#endif /* TTLOG_STREAM_NAMES_H */

/* SPDX-License-Identifier: MIT */
/*
 * For streams: in rounds, a job for each process that has something new.
 *
 * A round reads what threads have not flushed, then all that was flushed before that. So it has all
 * events whose macro had returned before it began, in any thread; of a process whose memory can't be
 * read, only what was flushed, and then the moment of the round before holds on. As rounds for followers it takes a fifth of the time at
 * most. While a job of a process waits, or there is no room for more, its events stay in the ring;
 * those that the ring overwrites are counted as missed.
 */
#ifndef TTLOG_STREAM_ROUNDS_H
#define TTLOG_STREAM_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct processes;
struct pull_meanwhile;
struct puller;
struct recorder_options;

struct stream_rounds {
	const struct recorder_options *options;
	struct processes *processes;
	struct puller *puller;
	uint64_t due_ns;    /* of the next round */
	uint64_t look_ns;   /* when it is looked whether one process has much that is new */
	uint64_t rest_ns;   /* no round before that */
	uint64_t begun_ns;  /* stream_rounds__begin() */
	uint64_t taken_ns;  /* when the last round began to read what is not flushed */
	uint64_t covers_ns; /* of the last round that took all that was flushed */
};

/* Before the ring buffers are read: what began before that is known after it. */
void stream_rounds__begin(struct stream_rounds *rounds);
/* A round, if it is time; meanwhile: see puller.h. is_behind: not all could be read. */
void stream_rounds__write(struct stream_rounds *rounds, const struct pull_meanwhile *meanwhile,
			  bool is_behind);
/* How long stream_rounds__write() may wait: at most longest_ms. */
int stream_rounds__wait_ms(const struct stream_rounds *rounds, int longest_ms);
/* What is left of a process that has ended, and the end of its stream. */
void stream_rounds__end(struct stream_rounds *rounds, struct process *process);
/* The same of all, at the end, without pulling. */
void stream_rounds__end_all(struct stream_rounds *rounds);

#endif /* TTLOG_STREAM_ROUNDS_H */

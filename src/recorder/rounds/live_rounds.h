/* SPDX-License-Identifier: MIT */
/*
 * For followers: in rounds, a job for each process that has something new.
 *
 * A round takes time of the drain thread, which pulls and freezes rings. If it takes long, with
 * thousands of threads, the next one is later, so that rounds take a fifth of the time at most.
 */
#ifndef TTLOG_LIVE_ROUNDS_H
#define TTLOG_LIVE_ROUNDS_H

#include <stdint.h>

struct process;
struct processes;
struct pull_meanwhile;
struct puller;
struct recorder_options;

struct live_rounds {
	const struct recorder_options *options;
	struct processes *processes;
	struct puller *puller;
	uint64_t due_ns;
};

/* Ten times a second at most; meanwhile: see puller.h. */
void live_rounds__show(struct live_rounds *rounds, const struct pull_meanwhile *meanwhile);
/* How long live_rounds__show() may wait: at most longest_ms. */
int live_rounds__wait_ms(const struct live_rounds *rounds, int longest_ms);
/* What is left of a process that has ended. */
void live_rounds__show_last(struct live_rounds *rounds, struct process *process);
/* What is left of all, at the end, without pulling. */
void live_rounds__show_all(struct live_rounds *rounds);

#endif /* TTLOG_LIVE_ROUNDS_H */

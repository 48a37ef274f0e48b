/* SPDX-License-Identifier: MIT */
/*
 * How processes end: the kernel reports it, or a sweep finds them gone. Each gets its last
 * snapshot.
 */
#ifndef TTLOG_ENDS_H
#define TTLOG_ENDS_H

#include <stdbool.h>

struct jobs;
struct live_rounds;
struct trigger_rounds;
struct stream_rounds;
struct process;
struct processes;
struct recorder_options;

struct ends {
	const struct recorder_options *options;
	struct processes *processes;
	struct jobs *jobs;
	struct live_rounds *rounds;
	struct trigger_rounds *triggers;
	struct stream_rounds *streams;
	unsigned sweep_cnt;
	unsigned idle_sweeps; /* without any process */
	bool saw_unused;      /* unused modules were found before this round */
};

/* The end of the process was reported: ends it as soon as all tails of its threads are here. */
void ends__when_whole(struct ends *ends, struct process *process);
/* Ends processes that are gone without a report, and retries what failed; about once a second. */
void ends__sweep(struct ends *ends);
/* All messages that the kernel had when the round began are taken. */
void ends__round(struct ends *ends);
/* Ends processes that only wait for a look. */
void ends__settle(struct ends *ends);

#endif /* TTLOG_ENDS_H */

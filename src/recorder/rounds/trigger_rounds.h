/* SPDX-License-Identifier: MIT */
/*
 * Snapshots that wait for --delay, and those of them that are due. While there are watches (watches.h),
 * all threads are pulled ten times a second: so an event is seen although its thread sleeps.
 *
 * Rounds take a fifth of the time at most, as those of live_rounds.h.
 */
#ifndef TTLOG_TRIGGER_ROUNDS_H
#define TTLOG_TRIGGER_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jobs;
struct process;
struct processes;
struct pull_meanwhile;
struct puller;
struct recorder_options;
struct trigger_request;

/* Requests that may wait: of all, and of one program. More would show the same. */
#define TRIGGER_ROUNDS_MAX     256u
#define TRIGGER_ROUNDS_OWN_MAX 8u

struct trigger_rounds {
	const struct recorder_options *options;
	struct processes *processes;
	struct puller *puller;
	struct jobs *jobs;
	struct trigger_request *first, **last; /* in the order in which they came */
	size_t cnt;
	uint64_t pull_due_ns;
	bool told_unchecked;
};

void trigger_rounds__init(struct trigger_rounds *rounds, const struct recorder_options *options,
			  struct puller *puller, struct jobs *jobs);
void trigger_rounds__fini(struct trigger_rounds *rounds);

/* A snapshot by request, now or after --delay; meanwhile: see puller.h. Takes ownership. */
void trigger_rounds__request(struct trigger_rounds *rounds, struct trigger_request *request,
			     const struct pull_meanwhile *meanwhile);
/* The same of a request that a program made itself; without a delay, pull first. */
void trigger_rounds__request_own(struct trigger_rounds *rounds, struct trigger_request *request);

/* Pulls, looks at what is open, and makes what is due. */
void trigger_rounds__run(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile);
/* How long trigger_rounds__run() may wait: at most longest_ms. */
int trigger_rounds__wait_ms(const struct trigger_rounds *rounds, int longest_ms);
/* The process has ended: if there is no snapshot of that, makes what waited for a delay. */
void trigger_rounds__end(struct trigger_rounds *rounds, struct process *process);
/* At the end: makes all that waits. */
void trigger_rounds__flush(struct trigger_rounds *rounds, const struct pull_meanwhile *meanwhile);

#endif /* TTLOG_TRIGGER_ROUNDS_H */

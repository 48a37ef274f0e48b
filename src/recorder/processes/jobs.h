/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of recorded processes: those that are asked for, wait, and are done.
 */
#ifndef TTLOG_JOBS_H
#define TTLOG_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "retries.h"
#include "snapshot_counts.h"

struct job;
struct owed;
struct process;
struct processes;
struct recorder_options;
struct trigger_request;

struct jobs {
	const struct recorder_options *options;
	struct processes *processes;
	size_t open_cnt; /* submitted, and not done */
	struct owed *first_owed, **last_owed;
	struct retries retries;
	struct snapshot_counts counts;
	struct {
		uint64_t cnt; /* of tries that have failed; 0: the last one has not */
		enum storage_fault fault;
	} outage;
	struct {
		uint64_t steps, since_ns; /* 0: the collector does not end yet */
	} progress;
	bool has_crashes;    /* some process may be held up by its crash */
	uint64_t hurried_ns; /* the last look for these */
	bool has_left;       /* something, to the next collector */
	bool ends;           /* nothing will be tried again later */
	bool failed;         /* a snapshot could not be written */
};

void jobs__init(struct jobs *jobs, const struct recorder_options *options,
		struct processes *processes);
void jobs__fini(struct jobs *jobs);

/* Takes ownership; the answer may come at once or later. Pull first. */
void jobs__snapshot(struct jobs *jobs, struct trigger_request *request);
/* A snapshot of that process; request: NULL for none. 0 or -errno, which is reported. If there is no
 * room for it, the process owes it. */
int jobs__want(struct jobs *jobs, struct process *process, const char *reason,
	       struct trigger_request *request);
/* Counts a trigger that --min-gap suppresses. */
void jobs__suppress(struct jobs *jobs, struct process *process, const char *reason);
/* Whether a request by the program itself makes a snapshot. */
bool jobs__heed_request(const struct jobs *jobs, const struct process *process);
/* Whether there will be a snapshot of the process's end, by its crash.exit_signal. */
bool jobs__heed_end(const struct jobs *jobs, const struct process *process);
/*
 * A snapshot of the process, which has ended or is about to, by its crash.exit_signal; 0 if that is
 * not asked for. If there is no room for it, the process owes it, and stays. 0, or -errno: there
 * will be none, which is reported.
 */
int jobs__want_end(struct jobs *jobs, struct process *process);
/* Snapshots of processes that crashed, and can't end because of a core dump; ten times a second. */
void jobs__hurry(struct jobs *jobs);

/* A job is done; takes ownership. */
void jobs__done(struct jobs *jobs, struct job *job);
/* Tries again what is owed, or could not be written; about once a second. */
void jobs__sweep(struct jobs *jobs);
/* At the end, after the last request: the number of open jobs. Before it is 0, what failed for lack
 * of memory is tried once more. */
size_t jobs__last(struct jobs *jobs);
/* Leaves what could not be written for the next collector, and says so. Returns whether it left
 * anything. */
bool jobs__leave(struct jobs *jobs);

#endif /* TTLOG_JOBS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Snapshots of recorded processes: who wants them, what waits, what has become of them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"
#include "job_queue.h"
#include "process.h"
#include "recorder_parts.h"
#include "report.h"
#include "ring.h"
#include "trigger.h"

/* So long a process that crashed may take to be gone; then it is being dumped, to a slow disk or to
 * a helper that hangs. With threads that did not hand in yet what they had: so long. */
#define CRASH_HURRY_NS 300000000ull
#define CRASH_MAX_NS   800000000ull

static void answer_if_closed(struct trigger_request *request)
{
	if (--request->open_cnt > 0)
		return;
	if (!request->text_len)
		trigger_request__add_line(request, "error: nothing is recorded");
	if (request->answer)
		request->answer(request);
	trigger_request__free(request);
}

/* The collector's own end: the gates are closed, and all is drained. */
static bool is_shutdown(const struct trigger_request *request)
{
	return request && request->only_new && !request->pid &&
	       strcmp(request->reason, "shutdown") == 0;
}

static int start_job(struct recorder *recorder, struct process *process, const char *reason,
		     struct trigger_request *request)
{
	struct job *job;

	if (job_queue__is_full(recorder->options.job.queue, job__bytes(process)))
		return -ENOBUFS;
	/* a pair later than all events: beyond the last one time is only as good as the rate of
	 * the last stretch, which at first is 8 ms long */
	clock__sample(recorder->options.job.clock);
	job = job__new(process, &recorder->options.job, reason);
	if (!job)
		return -errno;
	job->request = request;
	job->is_last = process->ended || is_shutdown(request);
	if (request)
		request->open_cnt++;
	process->snapshot_mark = ring__written_bytes(process->ring);
	process->job_cnt++;
	recorder->open_jobs++;
	job_queue__submit(recorder->options.job.queue, job);
	return 0;
}

/* ---- what can't be written yet ---- */

/*
 * A job takes memory until it is written, so only so many may wait. Beyond that what is in a ring
 * stays there: the process owes a snapshot, and keeps its ring until that is made. It owes one at
 * most, which will hold all that others would. Who waits for an answer is told at once.
 */
static int owe(struct recorder *recorder, struct process *process, const char *reason,
	       struct trigger_request *request)
{
	char *copy;

	if (process->owed_reason && !process->ended)
		return request && request->answer ? -ENOBUFS : 0;
	copy = strdup(reason);
	if (!copy)
		return -ENOMEM;
	if (!process->owed_reason) {
		process->owed_request = request;
		if (request)
			request->open_cnt++;
		process->next_owed = NULL;
		*recorder->last_owed = process;
		recorder->last_owed = &process->next_owed;
	}
	/* how it ended is the last word */
	free(process->owed_reason);
	process->owed_reason = copy;
	return 0;
}

static void fail(struct recorder *recorder, const struct process *process,
		 struct trigger_request *request, int err)
{
	char line[96];

	recorder->failed = true;
	report__failure(process->pid, err, "no snapshot");
	if (!request)
		return;
	(void)snprintf(line, sizeof(line), "error: no snapshot of pid %u: %s", process->pid,
		       strerror(-err));
	trigger_request__add_line(request, line);
}

/* One that will be done with, or memory that others may give back. */
static bool is_passing(const struct recorder *recorder, int err)
{
	return (err == -ENOBUFS || err == -ENOMEM) && (recorder->open_jobs || !recorder->ends);
}

int recorder__want(struct recorder *recorder, struct process *process, const char *reason,
		   struct trigger_request *request)
{
	int err = -ENOBUFS;

	if (!process->owed_reason)
		err = start_job(recorder, process, reason, request);
	if (is_passing(recorder, err))
		err = owe(recorder, process, reason, request);
	if (err)
		fail(recorder, process, request, err);
	return err;
}

int recorder__want_end(struct recorder *recorder, struct process *process)
{
	const int signal = process->crash.exit_signal;
	unsigned trigger = RECORDER_ON_EXIT;
	const char *reason = "exit";

	if (crash__is_core_signal(signal)) {
		trigger = RECORDER_ON_CRASH;
		reason = "crash";
	} else if (signal) {
		trigger = RECORDER_ON_KILLED;
		reason = "killed";
	}
	if (!(recorder->options.on & trigger))
		return 0;
	return recorder__want(recorder, process, reason, NULL);
}

static void settle(struct recorder *recorder, struct process *process)
{
	struct trigger_request *request = process->owed_request;

	recorder->first_owed = process->next_owed;
	if (!recorder->first_owed)
		recorder->last_owed = &recorder->first_owed;
	free(process->owed_reason);
	process->owed_reason = NULL;
	process->owed_request = NULL;
	if (request)
		answer_if_closed(request);
	recorder__finish(recorder, process);
}

/* As many as there is room for now; where nothing waits any more, all. */
void recorder__pay(struct recorder *recorder)
{
	struct process *process;

	while ((process = recorder->first_owed)) {
		int err = start_job(recorder, process, process->owed_reason, process->owed_request);

		if (is_passing(recorder, err))
			return;
		if (err)
			fail(recorder, process, process->owed_request, err);
		settle(recorder, process);
	}
}

/* ---- requests ---- */

static void snapshot_one(struct recorder *recorder, struct process *process,
			 struct trigger_request *request)
{
	if (!process->ring || process->ended ||
	    (request->only_new && process->snapshot_mark == ring__written_bytes(process->ring)))
		return;
	(void)recorder__want(recorder, process, request->reason, request);
}

void recorder__snapshot(struct recorder *recorder, struct trigger_request *request)
{
	struct process *process;
	struct process_cursor cursor = { 0 };

	request->open_cnt = 1;
	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (!request->pid || process->pid == request->pid)
			snapshot_one(recorder, process, request);
	}
	answer_if_closed(request);
}

/* ---- deaths that take long ---- */

/* Its threads run no more, and yet it is there. */
static bool is_held_up(const struct process *process, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - process->crash.stamp_ns;

	if (!process->ring || !process->crash.has_crash || process->ended || process->hurried)
		return false;
	return age_ns > CRASH_MAX_NS || (age_ns > CRASH_HURRY_NS && !process__has_owners(process));
}

void recorder__hurry(struct recorder *recorder)
{
	const uint64_t now_ns = clock__now_mono_ns();
	struct process *process;
	struct process_cursor cursor = { 0 };

	if (!(recorder->options.on & (RECORDER_ON_CRASH | RECORDER_ON_KILLED)))
		return;
	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (!is_held_up(process, now_ns))
			continue;
		process->hurried = true;
		/* nothing else can become of it */
		process->crash.has_exit = true;
		process->crash.exit_signal = process->crash.signal;
		if (recorder__want_end(recorder, process))
			process->snapshot_mark = UINT64_MAX; /* once more when it is gone */
	}
}

/* ---- what became of them ---- */

/* Who waits for it is told. */
static void answer(struct job *job)
{
	char line[PATH_MAX + 128];

	if (!job->request)
		return;
	if (job->err)
		(void)snprintf(line, sizeof(line), "error: snapshot of pid %u: %s", job->source.pid,
			       strerror(-job->err));
	else
		(void)snprintf(line, sizeof(line), "%s", job->path);
	job->request->made |= !job->err;
	trigger_request__add_line(job->request, line);
	answer_if_closed(job->request);
	job->request = NULL;
}

static void take_file(struct process *process, const struct job *job, bool had_part)
{
	int err = had_part ? process__replace_file(process, job->path)
			   : process__add_file(process, job->path);

	if (err)
		report__failure(process->pid, err, "its last line will not name a snapshot");
	process->unreadable = job->corrupt_cnt;
}

/* What it was to hold is in no snapshot yet. */
static void take_failure(struct recorder *recorder, struct process *process, const struct job *job)
{
	recorder->failed = true;
	report__failure(job->source.pid, job->err, "snapshot could not be written");
	if (process)
		process->snapshot_mark = UINT64_MAX;
}

void recorder__job_done(struct recorder *recorder, struct job *job)
{
	struct process *process = recorder__find(recorder, job->source.pid, job->start_ns);
	const bool is_whole = !job->err && !job->left_out;
	const bool was_kept = process && process->kept == job;

	recorder->open_jobs--;
	answer(job);
	if (process && !job->err)
		take_file(process, job, was_kept && process->has_part);
	if (process && job->is_last && !is_whole) {
		process->has_part |= !job->err;
		recorder__keep(recorder, process, job);
	} else {
		if (job->err)
			take_failure(recorder, process, job);
		/* it holds a part of the process's ring */
		job__free(job);
		if (was_kept)
			process->kept = NULL;
	}
	if (process) {
		process->job_cnt -= !was_kept;
		recorder__finish(recorder, process);
	}
	recorder__pay(recorder);
}

size_t recorder__last_jobs(struct recorder *recorder)
{
	recorder->ends = true;
	if (!recorder->open_jobs)
		recorder__pay(recorder);
	if (!recorder->open_jobs)
		recorder__retry_kept(recorder);
	return recorder->open_jobs;
}

bool recorder__failed(const struct recorder *recorder)
{
	return recorder->failed;
}

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
	job->is_last = process->lifecycle.ended || is_shutdown(request);
	if (request)
		request->open_cnt++;
	process->snapshots.mark = ring__written_bytes(process->ring);
	process->snapshots.job_cnt++;
	recorder->open_jobs++;
	job_queue__submit(recorder->options.job.queue, job);
	return 0;
}

/* ---- what can't be written yet ---- */

/*
 * A job takes memory until it is written, so only so many may wait. Beyond that events stay in the
 * ring: the process owes a snapshot, and keeps its ring until that is made. It owes at most one,
 * which will hold all that others would. A second request is refused at once.
 */
struct owed {
	struct process *process;
	struct trigger_request *request; /* waits for it; NULL: none */
	struct owed *next;
	char reason[TRIGGER_REASON_BYTES];
};

static void copy_reason(struct owed *owed, const char *reason)
{
	(void)snprintf(owed->reason, sizeof(owed->reason), "%s", reason);
}

static int owe(struct recorder *recorder, struct process *process, const char *reason,
	       struct trigger_request *request)
{
	struct owed *owed = recorder->first_owed;

	if (process->snapshots.is_owed && !process->lifecycle.ended)
		return request && request->answer ? -ENOBUFS : 0;
	if (process->snapshots.is_owed) {
		/* how it ended is the last word */
		while (owed->process != process)
			owed = owed->next;
		copy_reason(owed, reason);
		return 0;
	}
	owed = calloc(1, sizeof(*owed));
	if (!owed)
		return -ENOMEM;
	*owed = (struct owed){ .process = process, .request = request };
	copy_reason(owed, reason);
	if (request)
		request->open_cnt++;
	*recorder->last_owed = owed;
	recorder->last_owed = &owed->next;
	process->snapshots.is_owed = true;
	return 0;
}

static void fail(struct recorder *recorder, const struct process *process,
		 struct trigger_request *request, int err)
{
	char line[96];

	recorder->failed = true;
	report__failure(process->id.pid, err, "no snapshot");
	if (!request)
		return;
	(void)snprintf(line, sizeof(line), "error: no snapshot of pid %u: %s", process->id.pid,
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

	if (!process->snapshots.is_owed)
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
	unsigned trigger = TRIGGER_ON_EXIT;
	const char *reason = "exit";

	if (crash__is_core_signal(signal)) {
		trigger = TRIGGER_ON_CRASH;
		reason = "crash";
	} else if (signal) {
		trigger = TRIGGER_ON_KILLED;
		reason = "killed";
	}
	if (!(recorder->options.on & trigger))
		return 0;
	return recorder__want(recorder, process, reason, NULL);
}

static void settle(struct recorder *recorder, struct owed *owed)
{
	struct process *process = owed->process;

	recorder->first_owed = owed->next;
	if (!recorder->first_owed)
		recorder->last_owed = &recorder->first_owed;
	process->snapshots.is_owed = false;
	if (owed->request)
		answer_if_closed(owed->request);
	free(owed);
	recorder__finish(recorder, process);
}

/* As many as there is room for now; at the end, all. */
void recorder__pay(struct recorder *recorder)
{
	struct owed *owed;

	while ((owed = recorder->first_owed)) {
		int err = start_job(recorder, owed->process, owed->reason, owed->request);

		if (is_passing(recorder, err))
			return;
		if (err)
			fail(recorder, owed->process, owed->request, err);
		settle(recorder, owed);
	}
}

/* ---- requests ---- */

static void snapshot_one(struct recorder *recorder, struct process *process,
			 struct trigger_request *request)
{
	if (!process->ring || process->lifecycle.ended ||
	    (request->only_new && process->snapshots.mark == ring__written_bytes(process->ring)))
		return;
	(void)recorder__want(recorder, process, request->reason, request);
}

void recorder__snapshot(struct recorder *recorder, struct trigger_request *request)
{
	struct process *process;
	struct process_cursor cursor = { 0 };

	request->open_cnt = 1;
	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (!request->pid || process->id.pid == request->pid)
			snapshot_one(recorder, process, request);
	}
	answer_if_closed(request);
}

/* ---- deaths that take long ---- */

/* Its threads run no more, and yet it is there. */
static bool is_held_up(const struct process *process, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - process->crash.stamp_ns;

	if (!process->ring || !process->crash.has_crash || process->lifecycle.ended ||
	    process->snapshots.hurried)
		return false;
	return age_ns > CRASH_MAX_NS ||
	       (age_ns > CRASH_HURRY_NS && !source_table__has_owners(&process->sources));
}

void recorder__hurry(struct recorder *recorder)
{
	const uint64_t now_ns = clock__now_mono_ns();
	struct process *process;
	struct process_cursor cursor = { 0 };

	if (!(recorder->options.on & (TRIGGER_ON_CRASH | TRIGGER_ON_KILLED)))
		return;
	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (!is_held_up(process, now_ns))
			continue;
		process->snapshots.hurried = true;
		/* nothing else can become of it */
		process->crash.has_exit = true;
		process->crash.exit_signal = process->crash.signal;
		if (recorder__want_end(recorder, process))
			process->snapshots.mark = UINT64_MAX; /* once more when it is gone */
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
	int err = had_part ? snapshot_state__replace_file(&process->snapshots, job->path)
			   : snapshot_state__add_file(&process->snapshots, job->path);

	if (err)
		report__failure(process->id.pid, err, "its last line will not name a snapshot");
	process->counts.unreadable = job->corrupt_cnt;
}

/* What it was to hold is in no snapshot yet. */
static void take_failure(struct recorder *recorder, struct process *process, const struct job *job)
{
	recorder->failed = true;
	report__failure(job->source.pid, job->err, "snapshot could not be written");
	if (process)
		process->snapshots.mark = UINT64_MAX;
}

void recorder__job_done(struct recorder *recorder, struct job *job)
{
	struct process *process = recorder__find(recorder, job->source.pid, job->start_ns);
	const bool is_whole = !job->err && !job->left_out;
	const bool was_kept = process && process->snapshots.is_kept && job->tries;

	recorder->open_jobs--;
	answer(job);
	if (process && !job->err)
		take_file(process, job, was_kept && process->snapshots.has_part);
	if (process && job->is_last && !is_whole) {
		process->snapshots.has_part |= !job->err;
		recorder__keep(recorder, process, job);
	} else {
		if (job->err)
			take_failure(recorder, process, job);
		/* it holds a part of the process's ring */
		job__free(job);
		if (was_kept)
			process->snapshots.is_kept = false;
	}
	if (process) {
		process->snapshots.job_cnt -= !was_kept;
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

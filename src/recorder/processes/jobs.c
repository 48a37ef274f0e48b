/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "job.h"
#include "job_queue.h"
#include "jobs.h"
#include "process.h"
#include "process_settings.h"
#include "processes.h"
#include "report.h"
#include "ring.h"
#include "trigger.h"
#include "trigger_plan.h"
#include "writer.h"

/* A crashed process that is still there after this is being dumped, to a slow disk or to a helper
 * that hangs. The second is for one with threads whose tails are missing. */
#define CRASH_HURRY_NS 300000000ull
#define CRASH_MAX_NS   800000000ull
/* There may be thousands of processes, and thousands of rounds a second. */
#define HURRY_EVERY_NS 50000000ull
/* At the end, a disk that takes nothing is waited for so long. */
#define STUCK_NS       20000000000ull

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

/* At the collector's end: the gates are closed, and all is drained. */
static bool is_shutdown(const struct trigger_request *request)
{
	return request && request->only_new && !request->pid &&
	       strcmp(request->reason, "shutdown") == 0;
}

static int start_job(struct jobs *jobs, struct process *process, const char *reason,
		     struct trigger_request *request)
{
	struct job *job;

	if (job_queue__is_full(jobs->options->job.queue, job__bytes(process)))
		return -ENOBUFS;
	/* a pair later than all events: after the last pair time is only as exact as the rate of
	 * the last stretch, which at first is 8 ms long */
	clock__sample(jobs->options->job.clock);
	job = job__new(process, &jobs->options->job, reason);
	if (!job)
		return -errno;
	job->request = request;
	job->asked_ns = clock__now_mono_ns();
	job->is_last = process->lifecycle.ended || is_shutdown(request);
	if (request)
		request->open_cnt++;
	process->snapshots.mark = ring__written_bytes(process->ring);
	process->snapshots.job_cnt++;
	jobs->open_cnt++;
	job_queue__submit(jobs->options->job.queue, job);
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

void jobs__init(struct jobs *jobs, const struct recorder_options *options,
		struct processes *processes)
{
	*jobs = (struct jobs){
		.options = options,
		.processes = processes,
		.last_owed = &jobs->first_owed,
	};
}

void jobs__fini(struct jobs *jobs)
{
	struct owed *owed;

	while ((owed = jobs->first_owed)) {
		jobs->first_owed = owed->next;
		free(owed);
	}
}

static void copy_reason(struct owed *owed, const char *reason)
{
	(void)snprintf(owed->reason, sizeof(owed->reason), "%s", reason);
}

static int owe(struct jobs *jobs, struct process *process, const char *reason,
	       struct trigger_request *request)
{
	struct owed *owed = jobs->first_owed;

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
	*jobs->last_owed = owed;
	jobs->last_owed = &owed->next;
	process->snapshots.is_owed = true;
	return 0;
}

static void fail(struct jobs *jobs, const struct process *process, struct trigger_request *request,
		 int err)
{
	char line[96];

	jobs->failed = true;
	report__failure(process->id.pid, err, "no snapshot");
	if (!request)
		return;
	(void)snprintf(line, sizeof(line), "error: no snapshot of pid %u: %s", process->id.pid,
		       strerror(-err));
	trigger_request__add_line(request, line);
}

/* Whether a later try may succeed: jobs get done, and memory is given back. */
static bool is_passing(const struct jobs *jobs, int err)
{
	return (err == -ENOBUFS || err == -ENOMEM) && (jobs->open_cnt || !jobs->ends);
}

int jobs__want(struct jobs *jobs, struct process *process, const char *reason,
	       struct trigger_request *request)
{
	int err = -ENOBUFS;

	if (!process->snapshots.is_owed)
		err = start_job(jobs, process, reason, request);
	if (is_passing(jobs, err))
		err = owe(jobs, process, reason, request);
	if (err)
		fail(jobs, process, request, err);
	return err;
}

static const char *reason_of_end(const struct process *process)
{
	const int signal = process->crash.exit_signal;

	return crash__is_core_signal(signal) ? "crash" : signal ? "killed" : "exit";
}

static unsigned on_of(const struct jobs *jobs, const struct process *process)
{
	const struct process_settings *settings = process->settings;

	return settings && settings->plan ? settings->plan->on : jobs->options->plan->on;
}

bool jobs__heed_end(const struct jobs *jobs, const struct process *process)
{
	const int signal = process->crash.exit_signal;
	const unsigned trigger = crash__is_core_signal(signal) ? TRIGGER_ON_CRASH
				 : signal                      ? TRIGGER_ON_KILLED
							       : TRIGGER_ON_EXIT;

	return on_of(jobs, process) & trigger;
}

int jobs__want_end(struct jobs *jobs, struct process *process)
{
	if (!jobs__heed_end(jobs, process))
		return 0;
	return jobs__want(jobs, process, reason_of_end(process), NULL);
}

static void settle(struct jobs *jobs, struct owed *owed)
{
	struct process *process = owed->process;

	jobs->first_owed = owed->next;
	if (!jobs->first_owed)
		jobs->last_owed = &jobs->first_owed;
	process->snapshots.is_owed = false;
	if (owed->request)
		answer_if_closed(owed->request);
	free(owed);
	processes__finish(jobs->processes, process);
}

/* Snapshots that are owed, as far as there is room and memory; at the end, all. */
static void pay(struct jobs *jobs)
{
	struct owed *owed;

	while ((owed = jobs->first_owed)) {
		int err = start_job(jobs, owed->process, owed->reason, owed->request);

		if (is_passing(jobs, err))
			return;
		if (err)
			fail(jobs, owed->process, owed->request, err);
		settle(jobs, owed);
	}
}

/* ends: see retries__take() */
static void retry(struct jobs *jobs, bool ends)
{
	struct disk_room room = { 0 };
	struct job *job;

	if (jobs->retries.first)
		room = writer__room(jobs->options->job.writer);
	while ((job = retries__take(&jobs->retries, &room, ends))) {
		jobs->open_cnt++;
		job_queue__submit(jobs->options->job.queue, job);
	}
}

void jobs__sweep(struct jobs *jobs)
{
	retry(jobs, false);
	pay(jobs);
}

/* ---- requests ---- */

void jobs__suppress(struct jobs *jobs, struct process *process, const char *reason)
{
	process->snapshots.schedule.suppressed_cnt++;
	snapshot_counts__suppressed(&jobs->counts, reason);
}

/* Whether it comes too early after the last one; then that is counted, and answered. */
static bool is_suppressed(struct jobs *jobs, struct process *process,
			  struct trigger_request *request)
{
	struct schedule *schedule = &process->snapshots.schedule;
	const uint64_t now_ns = clock__now_mono_ns();
	char line[128];

	if (is_shutdown(request))
		return false;
	if (!schedule__is_early(schedule, &jobs->options->plan->rules, now_ns)) {
		schedule->last_ns = now_ns;
		return false;
	}
	jobs__suppress(jobs, process, request->reason);
	(void)snprintf(
		line, sizeof(line),
		"error: no snapshot of pid %u: suppressed, too soon after the last one (--min-gap)",
		process->id.pid);
	trigger_request__add_line(request, line);
	return true;
}

static void snapshot_one(struct jobs *jobs, struct process *process,
			 struct trigger_request *request)
{
	if (!process->ring || process->lifecycle.ended ||
	    (request->only_new && process->snapshots.mark == ring__written_bytes(process->ring)))
		return;
	if (is_suppressed(jobs, process, request))
		return;
	(void)jobs__want(jobs, process, request->reason, request);
}

void jobs__snapshot(struct jobs *jobs, struct trigger_request *request)
{
	struct process *process = NULL;

	request->open_cnt = 1;
	while ((process = process_table__next(&jobs->processes->table, process))) {
		if (!request->pid || process->id.pid == request->pid)
			snapshot_one(jobs, process, request);
	}
	answer_if_closed(request);
}

bool jobs__heed_request(const struct jobs *jobs, const struct process *process)
{
	if (!(on_of(jobs, process) & TRIGGER_ON_REQUEST) || !process->ring)
		return false;
	/* a program that asks in a loop gets one after another, and only if there is room */
	return process->snapshots.job_cnt <= 1 && !process->snapshots.is_owed &&
	       !(process->snapshots.job_cnt &&
		 job_queue__is_full(jobs->options->job.queue, job__bytes(process)));
}

/* ---- crashes that take long ---- */

static bool is_crashing(const struct process *process)
{
	return process->crash.has_crash && !process->lifecycle.ended && !process->snapshots.hurried;
}

/* Its threads don't run any more, but it is still there. */
static bool is_held_up(const struct process *process, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - process->crash.stamp_ns;

	if (!process->ring || !is_crashing(process))
		return false;
	return age_ns > CRASH_MAX_NS ||
	       (age_ns > CRASH_HURRY_NS && !source_table__has_owners(&process->sources));
}

void jobs__hurry(struct jobs *jobs)
{
	const uint64_t now_ns = clock__now_mono_ns();
	struct process *process = NULL;

	if (!jobs->has_crashes || now_ns - jobs->hurried_ns < HURRY_EVERY_NS)
		return;
	jobs->hurried_ns = now_ns;
	jobs->has_crashes = false;
	while ((process = process_table__next(&jobs->processes->table, process))) {
		jobs->has_crashes |= is_crashing(process);
		if (!is_held_up(process, now_ns) ||
		    !(on_of(jobs, process) & (TRIGGER_ON_CRASH | TRIGGER_ON_KILLED)))
			continue;
		process->snapshots.hurried = true;
		/* nothing else can become of it */
		process->crash.has_exit = true;
		process->crash.exit_signal = process->crash.signal;
		if (jobs__want_end(jobs, process))
			process->snapshots.mark = UINT64_MAX; /* once more when it is gone */
	}
}

/* ---- what became of them ---- */

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

/* The first of its kind is said; the others are counted, until one can be written again. */
static bool note_failure(struct jobs *jobs, const struct job *job)
{
	const enum storage_fault fault = storage_fault__of(job->err);
	const bool is_news = !jobs->outage.cnt || jobs->outage.fault != fault;

	jobs->outage.fault = fault;
	jobs->outage.cnt++;
	return is_news;
}

static void end_outage(struct jobs *jobs)
{
	if (jobs->outage.cnt)
		fprintf(stderr,
			"ttlog-collect: snapshots can be written again (%llu tries had failed)\n",
			(unsigned long long)jobs->outage.cnt);
	jobs->outage.cnt = 0;
}

static void take_failure(struct jobs *jobs, struct process *process, const struct job *job,
			 bool is_news)
{
	jobs->failed = true;
	if (is_news)
		report__failure(job->source.pid, job->err, "snapshot could not be written");
	if (!process)
		return;
	process->snapshots.mark = UINT64_MAX; /* its events are in no snapshot */
	process->snapshots.schedule.suppressed_cnt += job->source.suppressed_cnt;
}

static void count(struct jobs *jobs, const struct job *job)
{
	if (job->err)
		snapshot_counts__failed(&jobs->counts, job->source.reason, job->err);
	else
		snapshot_counts__made(&jobs->counts, job->source.reason, job->events_cnt,
				      job->file_bytes, clock__now_mono_ns() - job->asked_ns);
}

void jobs__done(struct jobs *jobs, struct job *job)
{
	struct process *process = processes__find(jobs->processes, job->source.pid, job->start_ns);
	const bool is_whole = !job->err && !job->left_out;
	const bool was_kept = process && process->snapshots.is_kept && job->tries;
	const bool is_news = job->err && note_failure(jobs, job);

	jobs->open_cnt--;
	if (!job->err)
		end_outage(jobs);
	count(jobs, job);
	answer(job);
	if (process && !job->err)
		take_file(process, job, was_kept && process->snapshots.has_part);
	if (process && job->is_last && !is_whole) {
		process->snapshots.has_part |= !job->err;
		retries__add(&jobs->retries, jobs->processes, process, job);
	} else {
		if (job->err)
			take_failure(jobs, process, job, is_news);
		/* it holds a part of the process's ring */
		job__free(job);
		if (was_kept)
			process->snapshots.is_kept = false;
	}
	if (process) {
		process->snapshots.job_cnt -= !was_kept;
		processes__finish(jobs->processes, process);
	}
	pay(jobs);
}

/* ---- the end ---- */

/* The disk takes nothing: no job was done, and nothing was written, for a while. */
static bool is_stuck(struct jobs *jobs)
{
	const uint64_t steps = writer__steps(jobs->options->job.writer) - jobs->open_cnt;
	const uint64_t now_ns = clock__now_mono_ns();

	if (!jobs->progress.since_ns || jobs->progress.steps != steps) {
		jobs->progress.steps = steps;
		jobs->progress.since_ns = now_ns;
	}
	return now_ns - jobs->progress.since_ns >= STUCK_NS;
}

static void leave_busy(void *ctx, const struct job *job, bool is_named)
{
	struct jobs *jobs = ctx;

	jobs->has_left |= retries__leave_unwritten(jobs->processes, job, is_named);
}

static void leave_waiting(struct jobs *jobs)
{
	struct job *job = job_queue__give_up(jobs->options->job.queue), *next;

	for (; job; job = next) {
		next = job->next;
		jobs->has_left |= retries__leave_unwritten(jobs->processes, job, true);
		job->err = -ETIMEDOUT;
		answer(job);
		job__free(job);
	}
}

/* Jobs that wait come first: they are later, and have how their processes ended. */
static void give_up(struct jobs *jobs)
{
	fputs("ttlog-collect: the disk does not answer: it is not waited for any longer\n", stderr);
	jobs->failed = true;
	do {
		leave_waiting(jobs);
		jobs->open_cnt = 0;
		pay(jobs);
	} while (jobs->open_cnt);
	job_queue__each_busy(jobs->options->job.queue, leave_busy, jobs);
}

size_t jobs__last(struct jobs *jobs)
{
	jobs->ends = true;
	if (!jobs->open_cnt)
		pay(jobs);
	if (!jobs->open_cnt)
		retry(jobs, true);
	if (jobs->open_cnt && is_stuck(jobs))
		give_up(jobs);
	return jobs->open_cnt;
}

bool jobs__leave(struct jobs *jobs)
{
	jobs->failed |= jobs->retries.first != NULL;
	return retries__leave(&jobs->retries, jobs->processes) | jobs->has_left;
}

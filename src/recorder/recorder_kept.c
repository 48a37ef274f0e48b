/* SPDX-License-Identifier: MIT */
/*
 * Last snapshots of processes that could not be written: the ring stays as it is, the job with it, and
 * is tried again: when there is more room than there was, where that was missing, else soon. What
 * waits in the end stays for the next collector: the ring, the facts, and in these how the process
 * ended.
 */
#include <errno.h>
#include <stdio.h>

#include "accounts.h"
#include "cbor_out.h"
#include "clock.h"
#include "ending_out.h"
#include "job.h"
#include "job_queue.h"
#include "process.h"
#include "recorder_parts.h"
#include "report.h"
#include "snapshot.h"
#include "writer.h"

/* Less is what others write in between. */
#define MORE_BYTES ((uint64_t)64 << 10)
/* After a failure that is no lack of room; twice as long after each further one, up to 64 times. */
#define RETRY_NS   1000000000ull

/* Of anything else, memory or descriptors, there may be enough in a moment. */
static bool lacks_room(const struct job *job)
{
	return !job->err || snapshot__lacks_room(job->err);
}

static void say_kept(const struct job *job)
{
	if (job->err)
		report__failure(job->source.pid, job->err,
				lacks_room(job)
					? "snapshot could not be written, it waits for room"
					: "snapshot could not be written, it is tried again");
	else
		fprintf(stderr,
			"ttlog-collect: pid %u: there was no room for all of its snapshot: %s has the newest %llu events, the others wait\n",
			job->source.pid, job->path, (unsigned long long)job->events_cnt);
}

void recorder__keep(struct recorder *recorder, struct process *process, struct job *job)
{
	/* once, not with each try */
	if (!process->snapshots.is_kept)
		say_kept(job);
	process->snapshots.is_kept = true;
	job->retry_ns = clock__now_mono_ns() + (RETRY_NS << (job->tries < 6 ? job->tries : 6));
	job->tries++;
	job->next = recorder->kept;
	recorder->kept = job;
	if (!process->lifecycle.given)
		return;
	process->lifecycle.given = false;
	recorder->given_cnt--;
	recorder__tell_done(recorder);
}

static bool may_fit(const struct job *job, uint64_t free_bytes)
{
	if (!lacks_room(job))
		return clock__now_mono_ns() >= job->retry_ns;
	return free_bytes == UINT64_MAX || free_bytes >= job->free_bytes + MORE_BYTES;
}

static bool failed_once(const struct job *job, uint64_t free_bytes)
{
	(void)free_bytes;
	return !lacks_room(job) && job->tries == 1;
}

static void try_those(struct recorder *recorder,
		      bool (*may)(const struct job *job, uint64_t free_bytes))
{
	struct job **link = &recorder->kept, *job;
	uint64_t free_bytes;

	if (!recorder->kept)
		return;
	free_bytes = writer__free_bytes(recorder->options.job.writer);
	while ((job = *link)) {
		if (!may(job, free_bytes)) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		recorder->open_jobs++;
		job_queue__submit(recorder->options.job.queue, job);
	}
}

void recorder__try_kept(struct recorder *recorder)
{
	try_those(recorder, may_fit);
}

void recorder__retry_kept(struct recorder *recorder)
{
	try_those(recorder, failed_once);
}

static int leave(struct process *process, const struct job *job)
{
	const struct accounts accounts = {
		.emitted = job->source.emitted,
		.lost = job->source.lost,
	};
	struct crash_ending ending;
	struct cbor_map pairs = { 0 };
	int err;

	if (job->source.crash)
		(void)ending_out__put(&pairs, job->source.crash, SIZE_MAX);
	ending = (struct crash_ending){
		.pair_cnt = pairs.cnt,
		.bytes = pairs.body.bytes,
		.len = pairs.body.len,
	};
	err = pairs.body.error;
	if (!err)
		err = process__leave(process, &accounts, &ending);
	cbor_out__fini(&pairs.body);
	return err;
}

bool recorder__leave(struct recorder *recorder)
{
	bool leaves = false;
	struct job *job;

	while ((job = recorder->kept)) {
		struct process *process = recorder__find(recorder, job->source.pid, job->start_ns);
		int err = process ? leave(process, job) : -ESRCH;

		if (err)
			report__failure(job->source.pid, err, "what had no room is lost");
		else
			fprintf(stderr,
				"ttlog-collect: pid %u: what had no room stays in memory, for the next start of ttlog-collect\n",
				job->source.pid);
		leaves |= !err;
		recorder->failed = true;
		recorder->kept = job->next;
		job__free(job);
	}
	return leaves;
}

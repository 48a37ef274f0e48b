/* SPDX-License-Identifier: MIT */
/*
 * Last snapshots of processes, for which the disk had no room: the ring stays as it is, the job with
 * it, and is tried again when there is more room than there was. What waits in the end stays for the
 * next collector: the ring, the facts, and in these how the process ended.
 */
#include <errno.h>
#include <stdio.h>

#include "cbor_out.h"
#include "header_out.h"
#include "process.h"
#include "recorder_parts.h"
#include "report.h"
#include "writer.h"

/* Less is what others write in between. */
#define MORE_BYTES ((uint64_t)64 << 10)

static void say_kept(const struct writer_job *job)
{
	if (job->err)
		report__failure(job->source.pid, job->err,
				"snapshot could not be written, it waits for room");
	else
		fprintf(stderr,
			"ttlog-collect: pid %u: there was no room for all of its snapshot: %s has the newest %llu events, the others wait\n",
			job->source.pid, job->path, (unsigned long long)job->events_cnt);
}

void recorder__keep(struct recorder *recorder, struct process *process, struct writer_job *job)
{
	/* once, not with each try */
	if (!process->kept)
		say_kept(job);
	process->kept = job;
	job->next = recorder->kept;
	recorder->kept = job;
	if (!process->given)
		return;
	process->given = false;
	recorder->given_cnt--;
	recorder__tell_done(recorder);
}

static bool has_more_room(const struct writer_job *job, uint64_t free_bytes)
{
	return free_bytes == UINT64_MAX || free_bytes >= job->free_bytes + MORE_BYTES;
}

void recorder__try_kept(struct recorder *recorder)
{
	struct writer_job **link = &recorder->kept, *job;
	uint64_t free_bytes;

	if (!recorder->kept)
		return;
	free_bytes = writer__free_bytes(recorder->options.writer);
	while ((job = *link)) {
		if (!has_more_room(job, free_bytes)) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		recorder->open_jobs++;
		writer__submit(recorder->options.writer, job);
	}
}

static int leave(struct process *process, const struct writer_job *job)
{
	struct snapshot_ending ending = { 0 };
	struct cbor_out pairs = { 0 };
	int err;

	if (job->source.crash)
		header_out__put_ending(&pairs, job->source.crash, &ending.pair_cnt);
	ending.bytes = pairs.bytes;
	ending.len = pairs.len;
	err = pairs.error ? pairs.error : process__leave(process, &job->source, &ending);
	cbor_out__fini(&pairs);
	return err;
}

bool recorder__leave(struct recorder *recorder)
{
	bool leaves = false;
	struct writer_job *job;

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
		writer_job__free(job);
	}
	return leaves;
}

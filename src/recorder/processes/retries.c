/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "cbor_out.h"
#include "clock.h"
#include "ending_out.h"
#include "job.h"
#include "process.h"
#include "processes.h"
#include "report.h"
#include "retries.h"
#include "snapshot.h"

/* Others write less than this in between. */
#define MORE_BYTES ((uint64_t)64 << 10)
/* The first wait after a failure that is no lack of room; doubled up to 64 times that. */
#define RETRY_NS   1000000000ull

/* Otherwise memory or descriptors were missing: there may be enough in a moment. */
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

void retries__add(struct retries *retries, struct processes *processes, struct process *process,
		  struct job *job)
{
	/* once, not after each try */
	if (!process->snapshots.is_kept)
		say_kept(job);
	process->snapshots.is_kept = true;
	job->retry_ns = clock__now_mono_ns() +
			(RETRY_NS << (job->tries < 6 && !lacks_room(job) ? job->tries : 6));
	job->tries++;
	job->next = retries->first;
	retries->first = job;
	processes__ungive(processes, process);
}

static bool is_due(const struct job *job, const struct disk_room *room)
{
	if (clock__now_mono_ns() >= job->retry_ns)
		return true;
	return lacks_room(job) &&
	       (room->bytes == UINT64_MAX || room->bytes >= job->room.bytes + MORE_BYTES ||
		(!job->room.inodes && room->inodes));
}

struct job *retries__take(struct retries *retries, const struct disk_room *room, bool ends)
{
	for (struct job **link = &retries->first, *job; (job = *link); link = &job->next) {
		if (ends ? lacks_room(job) || job->tries != 1 : !is_due(job, room))
			continue;
		*link = job->next;
		return job;
	}
	return NULL;
}

static int leave(struct process *process, const struct job *job, bool has_crash)
{
	const struct accounts accounts = {
		.emitted = job->source.emitted,
		.lost = job->source.lost,
	};
	struct crash_ending ending;
	struct cbor_map pairs = { 0 };
	int err;

	if (job->source.crash && has_crash)
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

static bool leave_one(const struct processes *processes, const struct job *job, bool has_crash,
		      const char *what)
{
	struct process *process = processes__find(processes, job->source.pid, job->start_ns);
	int err = process ? 0 : -ESRCH;

	/* another job of the process has left it */
	if (process && process->snapshots.is_left)
		return true;
	if (!err)
		err = leave(process, job, has_crash);
	if (err) {
		fprintf(stderr, "ttlog-collect: pid %u: %s is lost: %s\n", job->source.pid, what,
			strerror(-err));
		return false;
	}
	process->snapshots.is_left = true;
	fprintf(stderr,
		"ttlog-collect: pid %u: %s stays in memory, for the next start of ttlog-collect\n",
		job->source.pid, what);
	return true;
}

bool retries__leave_unwritten(const struct processes *processes, const struct job *job,
			      bool has_crash)
{
	return leave_one(processes, job, has_crash, "what is not written");
}

bool retries__leave(struct retries *retries, const struct processes *processes)
{
	bool leaves = false;
	struct job *job;

	while ((job = retries->first)) {
		leaves |= leave_one(processes, job, true,
				    lacks_room(job) ? "what had no room" : "what is not written");
		retries->first = job->next;
		job__free(job);
	}
	return leaves;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "accounts.h"
#include "attach.h"
#include "event_stacks.h"
#include "job.h"
#include "kernel.h"
#include "process.h"
#include "process_settings.h"
#include "ring.h"
#include "site.h"
#include "snapshot.h"
#include "thread.h"
#include "writer.h"

/* ret: NULL if the text is NULL or empty. */
static int copy_text(const char *text, const char **ret)
{
	*ret = NULL;
	if (!text || !text[0])
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int copy_texts(struct job *job, const struct process *process, struct attach *attach,
		      const char *reason)
{
	char comm[sizeof(process->id.comm) + 1] = { 0 };

	memcpy(comm, process->id.comm, sizeof(process->id.comm));
	job->source.service = attach__service(attach, process->id.build_id, process->modules.items,
					      process->modules.cnt);
	return copy_text(comm, &job->source.comm) | copy_text(process->id.exe, &job->source.exe) |
	       copy_text(process->id.cgroup_path, &job->source.cgroup_path) |
	       copy_text(process->id.build_id, &job->source.build_id) |
	       copy_text(reason, &job->source.reason);
}

static int copy_tables(struct job *job, const struct process *process, struct attach *attach)
{
	uint32_t end = 0;

	for (size_t i = 0; i < process->modules.cnt; i++) {
		if (process->modules.items[i] >= end)
			end = process->modules.items[i] + 1;
	}
	job->threads = calloc(process->threads.cnt + 1, sizeof(*job->threads));
	job->modules = calloc(end + 1, sizeof(*job->modules));
	if (!job->threads || !job->modules)
		return -ENOMEM;
	if (process->threads.cnt)
		memcpy(job->threads, process->threads.items,
		       process->threads.cnt * sizeof(*job->threads));
	job->source.module_cnt = end;
	for (size_t i = 0; i < process->modules.cnt; i++)
		job->modules[process->modules.items[i]] =
			attach__table(attach, process->modules.items[i]);
	job->source.thread_cnt = process->threads.cnt;
	return 0;
}

static void fill_source(struct job *job, const struct process *process,
			const struct job_context *context)
{
	struct snapshot_source *source = &job->source;
	struct accounts accounts;
	struct wire_process counters;
	int err = kernel__read_process(context->kernel, process->id.pid, process->id.start_ns,
				       &counters);

	process__accounts(process, err ? NULL : &counters, &accounts);
	source->events = job->events;
	source->has_side = process->has_side;
	source->threads = job->threads;
	source->modules = (const struct site_table *const *)job->modules;
	source->clock = context->clock;
	source->pid = process->id.pid;
	source->ns_pid = process->id.ns_pid;
	source->uid = process->id.uid;
	source->start_ns = process_id__start_ns(&process->id);
	memcpy(source->boot_id, context->boot_id, sizeof(source->boot_id));
	source->cgroup = process->id.cgroup;
	source->tags = process->settings && process->settings->tags ? process->settings->tags
								    : context->tags;
	source->redact = context->writer ? writer__target(context->writer)->redact : NULL;
	source->emitted = accounts.emitted;
	source->recorded = accounts.recorded;
	source->overwritten = accounts.overwritten;
	source->lost = accounts.lost;
	source->unread = accounts.unread;
	source->suppressed = accounts.suppressed;
	source->stacks_wanted = event_stacks__cnt(process->stacks) + accounts.lost_stacks;
	source->crash = job->crash.has_exit || job->crash.has_crash ? &job->crash : NULL;
}

/* What a process that has ended has changes no more: it is taken, not copied. */
static int take_crash(struct job *job, struct process *process)
{
	if (!process->lifecycle.ended)
		return crash__copy(&process->crash, &job->crash);
	job->crash = process->crash;
	process->crash = (struct crash){
		.has_exit = job->crash.has_exit,
		.exit_code = job->crash.exit_code,
		.exit_signal = job->crash.exit_signal,
	};
	/* for its last stacks in a stream, and those that are followed */
	if (process->stacks)
		(void)mappings__copy(&job->crash.mappings, &process->crash.mappings);
	return 0;
}

void job__free(struct job *job)
{
	if (!job)
		return;
	ring_copy__free(job->events);
	crash__fini(&job->crash);
	event_stacks__free_copy(job->stacks, job->stack_cnt);
	free(job->threads);
	for (size_t i = 0; job->modules && i < job->source.module_cnt; i++)
		site_table__free(job->modules[i]);
	free(job->modules);
	free((void *)job->source.service);
	free((void *)job->source.comm);
	free((void *)job->source.exe);
	free((void *)job->source.cgroup_path);
	free((void *)job->source.build_id);
	free((void *)job->source.reason);
	trigger_cause__fini(&job->source.cause);
	free(job);
}

/* Takes ownership of events, which may be NULL. */
static struct job *make(const struct process *process, const struct job_context *context,
			struct ring_copy *events, const char *reason)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		ring_copy__free(events);
		return NULL;
	}
	job->start_ns = process->id.start_ns;
	job->events = events;
	if (!events || copy_texts(job, process, context->attach, reason) ||
	    copy_tables(job, process, context->attach)) {
		job__free(job);
		errno = ENOMEM;
		return NULL;
	}
	return job;
}

uint64_t job__bytes(const struct process *process)
{
	const uint64_t used = ring__used_bytes(process->ring);

	if (process->lifecycle.ended || !process->snapshots.job_cnt)
		return 0;
	return used < RING_SAVE_MAX_BYTES ? used : RING_SAVE_MAX_BYTES;
}

/* Why it is made, if a watch has fired, and what was suppressed before it. */
static void take_schedule(struct job *job, struct schedule *schedule)
{
	job->source.suppressed_cnt = schedule->suppressed_cnt;
	schedule->suppressed_cnt = 0;
	if (!schedule->cause.on || strcmp(job->source.reason, schedule->reason) != 0)
		return;
	job->source.cause = schedule->cause;
	schedule->cause = (struct trigger_cause){ 0 };
}

struct job *job__new(struct process *process, const struct job_context *context, const char *reason)
{
	struct job *job;
	uint64_t overwritten;

	job = make(process, context, ring__freeze(process->ring, &overwritten), reason);
	if (!job)
		return NULL;
	job->bytes = job__bytes(process);
	if (take_crash(job, process)) {
		job__free(job);
		errno = ENOMEM;
		return NULL;
	}
	job->stacks = event_stacks__copy(process->stacks, &job->stack_cnt);
	job->source.stacks = job->stacks;
	job->source.stack_cnt = job->stack_cnt;
	fill_source(job, process, context);
	take_schedule(job, &process->snapshots.schedule);
	return job;
}

struct job *job__new_since(struct process *process, const struct job_context *context,
			   uint64_t position, uint64_t *ret_events_before)
{
	struct ring_copy *events = ring__freeze_since(process->ring, position, ret_events_before);
	struct job *job = make(process, context, events, "live");

	if (!job)
		return NULL;
	job->bytes = ring__written_bytes(process->ring) - position;
	if (job->bytes > ring__used_bytes(process->ring))
		job->bytes = ring__used_bytes(process->ring);
	fill_source(job, process, context);
	return job;
}

void job__add_stacks(struct job *job, struct process *process, enum event_stack_taker taker)
{
	/* without memory it has none, or none with names; they count as missing */
	if (!event_stacks__new_cnt(process->stacks, taker) ||
	    mappings__copy(&process->crash.mappings, &job->crash.mappings))
		return;
	job->stacks = event_stacks__take_new(process->stacks, taker, &job->stack_cnt);
	job->source.stacks = job->stacks;
	job->source.stack_cnt = job->stack_cnt;
}

void job__add_exit(struct job *job, const struct process *process)
{
	if (!process->crash.has_exit)
		return;
	job->crash.has_exit = true;
	job->crash.exit_code = process->crash.exit_code;
	job->crash.exit_signal = process->crash.exit_signal;
	job->source.crash = &job->crash;
}

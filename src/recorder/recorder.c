/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "sched_wire.h"
#include "wire.h"
#include "attach.h"
#include "attached_process.h"
#include "boot.h"
#include "call_names.h"
#include "clock.h"
#include "death.h"
#include "event_stacks.h"
#include "foreign_batch.h"
#include "kernel.h"
#include "process.h"
#include "recorder.h"
#include "report.h"
#include "sched_records.h"
#include "site.h"
#include "status.h"
#include "streams.h"
#include "trigger.h"
#include "trigger_plan.h"

struct recorder *recorder__new(const struct recorder_options *options)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return NULL;
	recorder->options = *options;
	(void)boot__read_id(recorder->options.job.boot_id);
	if (puller__init(&recorder->puller, &recorder->processes)) {
		free(recorder);
		return NULL;
	}
	if (attach__sched_module(recorder->options.job.attach)) {
		recorder->calls = call_names__new();
		if (!recorder->calls) {
			recorder__free(recorder);
			errno = ENOMEM;
			return NULL;
		}
	}
	recorder->processes.options = &recorder->options;
	jobs__init(&recorder->jobs, &recorder->options, &recorder->processes);
	recorder->rounds = (struct live_rounds){
		.options = &recorder->options,
		.processes = &recorder->processes,
		.puller = &recorder->puller,
	};
	recorder->processes.watches = (struct watches){
		.clock = recorder->options.job.clock,
		.attach = recorder->options.job.attach,
		.counts = &recorder->jobs.counts,
		.next_due_ns = WATCHES_NEVER,
		.sections_watch = recorder->options.sections_watch,
	};
	watches__set_plan(&recorder->processes.watches, recorder->options.plan);
	trigger_rounds__init(&recorder->triggers, &recorder->options, &recorder->puller,
			     &recorder->jobs);
	recorder->streams = (struct stream_rounds){
		.options = &recorder->options,
		.processes = &recorder->processes,
		.puller = &recorder->puller,
	};
	recorder->ends = (struct ends){
		.options = &recorder->options,
		.processes = &recorder->processes,
		.jobs = &recorder->jobs,
		.rounds = &recorder->rounds,
		.triggers = &recorder->triggers,
		.streams = &recorder->streams,
	};
	recorder->looks = (struct looks){ &recorder->processes, &recorder->ends };
	return recorder;
}

void recorder__free(struct recorder *recorder)
{
	if (!recorder)
		return;
	trigger_rounds__fini(&recorder->triggers);
	jobs__fini(&recorder->jobs);
	processes__fini(&recorder->processes);
	puller__fini(&recorder->puller);
	recorder__end_events(recorder);
	trigger_plan__free(recorder->own_plan);
	call_names__free(recorder->calls);
	free(recorder);
}

void recorder__set_plan(struct recorder *recorder, struct trigger_plan *plan)
{
	processes__forget_watches(&recorder->processes);
	recorder->options.plan = plan;
	watches__set_plan(&recorder->processes.watches, plan);
	trigger_plan__free(recorder->own_plan);
	recorder->own_plan = plan;
}

void recorder__take_batch(struct recorder *recorder, const struct wire_batch *message)
{
	struct process *process = processes__find_recording(&recorder->processes, &message->head);

	if (!process)
		return;
	processes__count_consumed(&recorder->processes, process, message->head.bytes);
	process->arrivals.flushes++;
	processes__take(&recorder->processes, process, message);
	if (message->head.kind == WIRE_TAIL && process->lifecycle.exiting &&
	    !process->lifecycle.ended)
		ends__when_whole(&recorder->ends, process);
}

/* Whether it runs or maps a file with sites. Of other processes, as many children of CMD are, nothing
 * else is recorded either. */
static bool has_sites(const struct recorder *recorder, const struct process *process)
{
	const struct module_set *modules = &process->modules;
	size_t cnt = process->ring != NULL;

	for (size_t i = 0; i < modules->cnt && !cnt; i++)
		cnt = attach__site_cnt(recorder->options.job.attach, modules->items[i]);
	return cnt;
}

void recorder__take_sched(struct recorder *recorder, const struct sched_message *message)
{
	const uint32_t module = attach__sched_module(recorder->options.job.attach);
	struct process *process = processes__find_sender(&recorder->processes, &message->head);
	struct sched_batch batch;

	if (!process || !has_sites(recorder, process) ||
	    sched_records__make(message, module, recorder->calls, &batch))
		return;
	process = processes__find_recording(&recorder->processes, &batch.message.head);
	if (process)
		processes__take(&recorder->processes, process, &batch.message);
}

/* Mostly one module has many events in a row. The sender holds it, so it keeps its number. */
static const struct site *site_of(struct recorder *recorder, const struct foreign_event *event)
{
	struct event_sites *sites = &recorder->event_sites;

	if (sites->module != event->module) {
		recorder__end_events(recorder);
		sites->table = attach__table(recorder->options.job.attach, event->module);
		sites->module = sites->table ? event->module : 0;
	}
	return sites->table ? site_table__find(sites->table, event->site) : NULL;
}

void recorder__end_events(struct recorder *recorder)
{
	site_table__free(recorder->event_sites.table);
	recorder->event_sites.table = NULL;
	recorder->event_sites.module = 0;
}

/* To the batch. The process holds the module. */
static void add_event(struct recorder *recorder, struct process *process,
		      const struct foreign_event *event)
{
	const struct site *site = site_of(recorder, event);

	if (!site || !foreign_batch__add(&recorder->event_sites.batch, event, site))
		process__refuse_event(process);
}

static void take_foreign_batch(struct recorder *recorder, struct process *process)
{
	const struct wire_batch *batch = foreign_batch__message(&recorder->event_sites.batch);

	if (batch)
		processes__take(&recorder->processes, process, batch);
}

void recorder__take_event(struct recorder *recorder, const struct wire_event *message, size_t bytes)
{
	struct process *process = processes__find_recording(&recorder->processes, &message->head);
	struct foreign_event event;

	if (!process)
		return;
	if (message->head.kind == WIRE_EVENT_STACK) {
		if (bytes >= sizeof(struct wire_event_stack))
			(void)event_stacks__add(&process->stacks, (const void *)message,
						&process->sources);
		return;
	}
	foreign_event__of_message(message, bytes, &event);
	foreign_batch__begin(&recorder->event_sites.batch, &message->head, &event);
	add_event(recorder, process, &event);
	take_foreign_batch(recorder, process);
	if (message->has_stack)
		process__take_stack(process, message, event.time_ns);
}

void recorder__take_records(void *ctx, const struct wire_head *thread, const void *records,
			    size_t bytes)
{
	struct recorder *recorder = ctx;
	struct foreign_batch *batch = &recorder->event_sites.batch;
	struct process *process = NULL;
	struct foreign_event event;
	const char *at = records;
	size_t left = bytes, len;

	for (; (len = foreign_event__of_record(at, left, &event)); at += len, left -= len) {
		if (!process || !foreign_batch__has_room(batch, &event)) {
			if (process)
				take_foreign_batch(recorder, process);
			foreign_batch__begin(batch, thread, &event);
			process = processes__find_recording(&recorder->processes,
							    &batch->message.head);
			if (!process)
				return;
		}
		add_event(recorder, process, &event);
	}
	if (process)
		take_foreign_batch(recorder, process);
}

bool recorder__heeds_request(const struct recorder *recorder, const struct wire_head *head)
{
	const struct process *process =
		processes__find(&recorder->processes, head->tgid, head->start_ns);

	/* what waits for a delay, or is suppressed, needs no pull now */
	return process && jobs__heed_request(&recorder->jobs, process) &&
	       !recorder->options.plan->rules.delay_ns &&
	       !schedule__is_early(&process->snapshots.schedule, &recorder->options.plan->rules,
				   clock__now_mono_ns());
}

static void request_from_program(struct recorder *recorder, struct process *process,
				 const struct wire_request *message)
{
	struct trigger_request *request;
	char reason[TRIGGER_REASON_BYTES];

	if (!jobs__heed_request(&recorder->jobs, process))
		return;
	trigger_reason__of_user(message->reason, reason);
	request = trigger_request__new(reason, process->id.pid, false);
	if (request)
		trigger_rounds__request_own(&recorder->triggers, request);
	else
		report__failure(process->id.pid, -ENOMEM, "no snapshot that it asked for");
}

/* If it is traced, its tracer attaches after linking; otherwise the look does. */
static uint32_t look_of_exec(const struct wire_head *head)
{
	if (head->flags & WIRE_LAUNCHED)
		return ATTACH_LOOK_NEW;
	return ATTACH_LOOK_EXEC | (head->flags & WIRE_BY_THREAD ? ATTACH_LOOK_UNLINKED : 0);
}

/* What is known is of the earlier program. */
static void take_exec(struct recorder *recorder, struct process *process,
		      const struct wire_head *head)
{
	process->lifecycle.has_file = false;
	process__exec(process, head);
	watches__exec(process);
	process->id.build_id[0] = '\0';
	mappings__fini(&process->crash.mappings);
	process_id__read_exe(&process->id);
	process_id__read_cgroup(&process->id);
	facts__add_process(&process->facts, &process->id);
	(void)processes__look(&recorder->processes, process->id.pid, process->id.start_ns,
			      look_of_exec(head));
}

/* A crash comes in several messages, the signal first. */
static void take_crash_message(struct recorder *recorder, struct process *process,
			       const struct wire_head *head)
{
	switch (head->kind) {
	case WIRE_CRASH:
		recorder->jobs.has_crashes = true;
		death__take_crash(&process->crash, (const struct wire_crash *)head);
		if (looks__now(&recorder->looks, process))
			break;
		process->lifecycle.is_looked_at =
			processes__look(&recorder->processes, process->id.pid, process->id.start_ns,
					ATTACH_LOOK_CRASH);
		if (!process->lifecycle.is_looked_at)
			mapping_cache__fill(&recorder->processes.mapping_cache, process);
		break;
	case WIRE_REPORTER:
		death__take_reporter(&process->crash, (const struct wire_crash *)head);
		break;
	case WIRE_FAULT:
		death__take_fault(&process->crash, (const struct wire_fault *)head);
		break;
	case WIRE_THROWN:
		death__take_thrown(&process->crash, (const struct wire_thrown *)head);
		break;
	case WIRE_STACK:
		death__take_stack(&process->crash, (const struct wire_stack *)head);
		break;
	case WIRE_OTHER:
		death__take_other(&process->crash, (const struct wire_other *)head);
		break;
	}
}

/* It never recorded anything; it may be the last of CMD's tree. */
static void end_unknown(struct recorder *recorder, const struct wire_head *head)
{
	kernel__untrack(recorder->options.job.kernel, head->tgid, head->start_ns);
	if (recorder->options.all_given)
		processes__tell_done(&recorder->processes);
}

/* A thread has a batch now, or gave it up. */
static void take_owner(struct process *process, const struct wire_thread *message)
{
	const bool owns = message->head.kind == WIRE_BEGIN;

	source_table__set_owner(&process->sources, message, owns);
	if (process->stacks && owns)
		event_stacks__begin(process->stacks, message, &process->sources);
}

void recorder__take_message(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process;

	/* maybe the first sign of a process; without one of these it never records */
	if (head->kind == WIRE_BEGIN || head->kind == WIRE_TAIL)
		process = processes__find_recording(&recorder->processes, head);
	else if (head->kind == WIRE_START || head->flags & WIRE_HAS_FILE)
		process = processes__find_with_file(&recorder->processes, head);
	else
		process = processes__find_sender(&recorder->processes, head);
	if (!process) {
		if (head->kind == WIRE_EXIT)
			end_unknown(recorder, head);
		if (head->kind == WIRE_EXEC && !(head->flags & WIRE_LAUNCHED))
			(void)processes__look(&recorder->processes, head->tgid, head->start_ns,
					      look_of_exec(head));
		return;
	}
	switch ((enum wire_kind)head->kind) {
	case WIRE_BATCH:
	case WIRE_EVENT:
	case WIRE_EVENT_STACK:
	case WIRE_CHUNK:
	case WIRE_START:
		break;
	case WIRE_TAIL:
		processes__take(&recorder->processes, process, (const struct wire_batch *)head);
		if (process->lifecycle.exiting && !process->lifecycle.ended)
			ends__when_whole(&recorder->ends, process);
		break;
	case WIRE_BEGIN:
	case WIRE_END:
		take_owner(process, (const struct wire_thread *)head);
		break;
	case WIRE_REQUEST:
		request_from_program(recorder, process, (const struct wire_request *)head);
		break;
	case WIRE_EXEC:
		take_exec(recorder, process, head);
		break;
	case WIRE_LIBRARY:
		(void)processes__look(&recorder->processes, process->id.pid, process->id.start_ns,
				      ATTACH_LOOK_LIBRARY);
		break;
	case WIRE_CRASH:
	case WIRE_REPORTER:
	case WIRE_FAULT:
	case WIRE_THROWN:
	case WIRE_STACK:
	case WIRE_OTHER:
		take_crash_message(recorder, process, head);
		break;
	case WIRE_EXIT:
		death__take_end(&process->crash, &((const struct wire_exit *)head)->end);
		if (!process->lifecycle.ended)
			ends__when_whole(&recorder->ends, process);
		break;
	}
}

struct status *recorder__status(const struct recorder *recorder, uint64_t now_ns)
{
	struct status *status = status__new(&recorder->processes.table, now_ns);
	struct stream_counts done = { 0 };

	if (!status)
		return NULL;
	service_totals__copy(&recorder->processes.ended, &status->ended);
	status->snapshots = recorder->jobs.counts;
	status->snapshots_open = recorder->jobs.open_cnt;
	status->has_streams = recorder->options.streams;
	if (status->has_streams)
		streams__read_done(recorder->options.streams, &done);
	status->stream_written += done.written;
	status->stream_missed += done.missed;
	return status;
}

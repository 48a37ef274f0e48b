/* SPDX-License-Identifier: MIT */
/*
 * Processes come (a batch, a fork, an attach), record and ask. A process stays in the table until it
 * has ended (recorder_end.c) and no job works on it; then its line of accounts is printed.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "attached_process.h"
#include "boot.h"
#include "death.h"
#include "facts.h"
#include "job.h"
#include "job_queue.h"
#include "kernel.h"
#include "mapping_cache.h"
#include "prefault.h"
#include "proc_thread.h"
#include "process.h"
#include "process_table.h"
#include "pull.h"
#include "recorder.h"
#include "recorder_parts.h"
#include "report.h"
#include "ring.h"
#include "start_time.h"
#include "trigger.h"
#include "wire.h"

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swapped_ = (a);                                                      \
		(a) = (b);                                                                         \
		(b) = swapped_;                                                                    \
	} while (0)

struct recorder *recorder__new(const struct recorder_options *options)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return NULL;
	recorder->options = *options;
	(void)boot__read_id(recorder->options.job.boot_id);
	recorder->last_owed = &recorder->first_owed;
	recorder->pull_buffer = malloc(PULL_BUFFER_BYTES);
	if (!recorder->pull_buffer) {
		free(recorder);
		return NULL;
	}
	return recorder;
}

void recorder__free(struct recorder *recorder)
{
	if (!recorder)
		return;
	process_table__fini(&recorder->table);
	mapping_cache__fini(&recorder->mapping_cache);
	free(recorder->pull_buffer);
	free(recorder);
}

bool recorder__look(struct recorder *recorder, uint32_t pid, uint64_t start_ns, uint32_t what)
{
	return recorder->options.look(recorder->options.look_ctx, pid, start_ns, what);
}

/* ---- coming ---- */

/* What the process already has stays with attached. */
static void take_modules(struct process *process, struct attached_process *attached)
{
	size_t left = 0;

	for (size_t i = 0; i < attached->module_cnt; i++) {
		const uint32_t module = attached->modules[i];

		if (module_set__has(&process->modules, module) ||
		    module_set__add(&process->modules, module))
			attached->modules[left++] = module;
	}
	attached->module_cnt = left;
}

/* It logs from a module before anybody has looked at it. */
static void hold_module(struct recorder *recorder, struct process *process, uint32_t module)
{
	struct attach *attach = recorder->options.job.attach;

	if (module_set__has(&process->modules, module) || !attach__hold(attach, module))
		return;
	if (module_set__add(&process->modules, module))
		attach__release(attach, &module, 1);
}

static void take_seen(struct recorder *recorder, struct process *process,
		      struct attached_process *attached)
{
	const bool was_seen = process->crash.mappings.cnt;

	if (attached->build_id[0])
		memcpy(process->id.build_id, attached->build_id, sizeof(process->id.build_id));
	if (!attached->seen.cnt)
		return;
	/* attached frees the old ones */
	SWAP(process->crash.mappings, attached->seen);
	if (!was_seen)
		mapping_cache__add(&recorder->mapping_cache, process);
}

static void give(struct recorder *recorder, struct process *process)
{
	if (process->lifecycle.given)
		return;
	process->lifecycle.given = true;
	recorder->given_cnt++;
}

static struct process *admit(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process = process__new(head);

	if (process && process_table__add(&recorder->table, process)) {
		process__free(process);
		process = NULL;
	}
	if (!process)
		return NULL;
	process_id__read_exe(&process->id);
	if (recorder->options.all_given)
		give(recorder, process);
	return process;
}

static void announce(struct recorder *recorder, struct process *process, size_t site_cnt)
{
	if (process->lifecycle.announced)
		return;
	process->lifecycle.announced = true;
	if (!recorder->options.quiet)
		fprintf(stderr, "ttlog-collect: recording pid %u (%zu sites)\n", process->id.pid,
			site_cnt);
}

struct process *recorder__find(const struct recorder *recorder, uint32_t pid, uint64_t start_ns)
{
	struct process *process = process_table__find(&recorder->table, pid);

	while (process && !process_id__is_started_at(&process->id, start_ns))
		process = process->earlier;
	return process;
}

static struct process *find(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process = recorder->last;

	if (process && process->id.pid == head->tgid && process->id.start_ns == head->start_ns)
		return process;
	process = recorder__find(recorder, head->tgid, head->start_ns);
	if (process)
		process->id.start_ns = head->start_ns;
	recorder->last = process;
	return process;
}

/* Whether its books are closed, and another has its number. */
static bool is_past(const struct recorder *recorder, const struct wire_head *head)
{
	const struct process *newest = process_table__find(&recorder->table, head->tgid);
	uint64_t start_ns = 0;

	if (newest)
		start_ns = process_id__start_ns(&newest->id);
	return start_ns > head->start_ns;
}

void recorder__open_ring(struct recorder *recorder, struct process *process)
{
	const bool was_refused = process->no_ring;
	int err = process__open_ring(process, recorder->options.budget, recorder->options.ring_dir,
				     recorder->options.ring_bytes);

	process->no_ring = !process->ring;
	if (process->ring)
		prefault__add(recorder->options.prefault, process->ring);
	if (err && !was_refused)
		report__failure(
			process->id.pid, err,
			process->ring
				? "no file for its ring: nothing can be recovered should we be killed"
			: err == -ENOBUFS
				? "no flight ring within --max-memory, so all of it is lost"
				: "no flight ring, so all of it is lost");
}

/* One that was refused has it once there is memory again: others have ended. */
static bool needs_ring(const struct recorder *recorder, const struct process *process)
{
	if (process->ring)
		return false;
	return !process->no_ring ||
	       (recorder->options.budget && ring__may_begin_within(recorder->options.budget));
}

/* One that nobody has attached to: nobody has opened its files either. */
static struct process *admit_unknown(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process = admit(recorder, head);

	if (process)
		(void)recorder__look(recorder, process->id.pid, process->id.start_ns,
				     ATTACH_LOOK_NEW);
	return process;
}

struct process *recorder__find_recording(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process = find(recorder, head);

	if (!process && !is_past(recorder, head))
		process = admit_unknown(recorder, head);
	recorder->last = process;
	if (process)
		hold_module(recorder, process, head->module);
	if (!process || !needs_ring(recorder, process))
		return process;
	if (!process->id.start_ns || !process->id.comm[0])
		process_id__take_head(&process->id, head);
	recorder__open_ring(recorder, process);
	announce(recorder, process,
		 attach__enabled_cnt(recorder->options.job.attach, head->module));
	return process;
}

void recorder__stamp_thread(struct wire_head *head)
{
	struct proc_thread thread;

	if (proc_thread__read(head->tgid, head->tid, &thread))
		return;
	head->ns_tgid = thread.ns_tgid;
	head->ns_tid = thread.ns_tid;
	head->uid = thread.uid;
	memcpy(head->comm, thread.comm, sizeof(head->comm));
}

static struct process *find_attached(const struct recorder *recorder, uint32_t pid,
				     uint64_t proc_start_ns)
{
	struct process *process = process_table__find(&recorder->table, pid);
	uint64_t known_ns;

	if (!process || !proc_start_ns)
		return process;
	known_ns = process_id__start_ns(&process->id);
	return start_time__is_same(proc_start_ns, known_ns) ? process : NULL;
}

/* What was found of one that is known. */
static void take_look(struct recorder *recorder, struct attached_process *attached)
{
	struct process *process = recorder__find(recorder, attached->pid, attached->start_ns);

	if (!process)
		return;
	take_modules(process, attached);
	take_seen(recorder, process, attached);
	if (attached->build_id[0])
		facts__add_process(&process->facts, &process->id);
	if (!(attached->look & ATTACH_LOOK_CRASH))
		return;
	if (!attached->seen.cnt)
		mapping_cache__fill(&recorder->mapping_cache, process);
	process->lifecycle.is_looked_at = false;
	if (process->lifecycle.exiting && !process->lifecycle.ended)
		recorder__end_when_whole(recorder, process);
}

void recorder__take_attached(struct recorder *recorder, struct attached_process *attached)
{
	struct wire_head head = { .tgid = attached->pid };
	uint64_t proc_start_ns = start_time__read_ns(attached->pid);
	struct process *process = find_attached(recorder, attached->pid, proc_start_ns);

	if (attached->look) {
		take_look(recorder, attached);
		return;
	}
	if (!process) {
		head.tid = attached->pid;
		head.ns_tgid = attached->pid;
		head.cgroup = proc_thread__read_cgroup(attached->pid);
		recorder__stamp_thread(&head);
		process = admit(recorder, &head);
	}
	/* one that crashes is mostly gone before it could be read again */
	if (!process || !attached->seen.items)
		report__failure(
			attached->pid, -ENOMEM,
			"what it has mapped is not known, the stack of a crash may have no names");
	if (!process)
		return;
	process->id.proc_start_ns = proc_start_ns;
	if (attached->given)
		give(recorder, process);
	if (attached->ret_was_announced)
		*attached->ret_was_announced = process->lifecycle.announced;
	process->lifecycle.announced |= attached->announced;
	take_modules(process, attached);
	take_seen(recorder, process, attached);
	for (size_t i = 0; i < attached->anchor_cnt; i++)
		(void)module_set__add_anchor(&process->modules, &attached->anchors[i]);
	for (size_t i = 0; i < attached->source_cnt; i++) {
		const struct source *source = &attached->sources[i];

		if (source_table__add(&process->sources, source, &attached->heads[i]))
			continue;
		(void)kernel__register_batch(recorder->options.job.kernel, attached->pid,
					     source->tid, source->address, source->module);
	}
	if (process->modules.anchor_cnt)
		process__open_facts(process, recorder->options.ring_dir);
}

/* ---- recording ---- */

void recorder__take_batch(struct recorder *recorder, const struct wire_batch *message)
{
	struct process *process = recorder__find_recording(recorder, &message->head);

	if (!process)
		return;
	process->consumed.bytes += message->head.bytes;
	(void)process__take(process, message);
	if (message->head.kind == WIRE_TAIL && process->lifecycle.exiting &&
	    !process->lifecycle.ended)
		recorder__end_when_whole(recorder, process);
}

void recorder__tell_consumed(struct recorder *recorder)
{
	struct process *process;
	struct process_cursor cursor = { 0 };

	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (process->consumed.bytes == process->consumed.told_bytes)
			continue;
		if (kernel__set_consumed(recorder->options.job.kernel, process->id.pid,
					 process->consumed.bytes) == 0)
			process->consumed.told_bytes = process->consumed.bytes;
	}
}

/* ---- asking ---- */

static bool heeds_request(const struct recorder *recorder, const struct process *process)
{
	if (!(recorder->options.on & TRIGGER_ON_REQUEST) || !process->ring)
		return false;
	/* one may be on its way already, for whatever reason; a program that asks in a loop gets no
	 * more than one after another, and only where there is room */
	return process->snapshots.job_cnt <= 1 && !process->snapshots.is_owed &&
	       !(process->snapshots.job_cnt &&
		 job_queue__is_full(recorder->options.job.queue, job__bytes(process)));
}

bool recorder__heeds_request(const struct recorder *recorder, const struct wire_head *head)
{
	const struct process *process = recorder__find(recorder, head->tgid, head->start_ns);

	return process && heeds_request(recorder, process);
}

static void request_from_program(struct recorder *recorder, struct process *process,
				 const struct wire_request *message)
{
	struct trigger_request *request;

	if (!heeds_request(recorder, process))
		return;
	request = trigger_request__new(message->reason[0] ? message->reason : "request",
				       process->id.pid, false);
	if (request)
		recorder__snapshot(recorder, request);
	else
		report__failure(process->id.pid, -ENOMEM, "no snapshot that it asked for");
}

/* ---- what the kernel says of it ---- */

/* Who traces it attaches when it has linked; else whoever looks does. */
static uint32_t look_of_exec(const struct wire_head *head)
{
	if (head->flags & WIRE_LAUNCHED)
		return ATTACH_LOOK_NEW;
	return ATTACH_LOOK_EXEC | (head->flags & WIRE_BY_THREAD ? ATTACH_LOOK_UNLINKED : 0);
}

/* What is known of the program before is not true of this one. */
static void take_exec(struct recorder *recorder, struct process *process,
		      const struct wire_head *head)
{
	process->lifecycle.has_file = false;
	process__exec(process, head);
	process->id.build_id[0] = '\0';
	mappings__fini(&process->crash.mappings);
	process_id__read_exe(&process->id);
	facts__add_process(&process->facts, &process->id);
	(void)recorder__look(recorder, process->id.pid, process->id.start_ns, look_of_exec(head));
}

/* Its memory goes while it dies, sooner than another thread has begun to look. */
static bool look_now(struct recorder *recorder, struct process *process)
{
	struct attached_process *attached =
		attached_process__new_last_look(process->id.pid, process->id.start_ns);
	bool found = attached;

	if (found)
		take_seen(recorder, process, attached);
	attached_process__free(attached);
	return found;
}

/* What a crash is told in: the signal first, then whatever there is to it. */
static void take_crash_message(struct recorder *recorder, struct process *process,
			       const struct wire_head *head)
{
	switch (head->kind) {
	case WIRE_CRASH:
		death__take_crash(&process->crash, (const struct wire_crash *)head);
		if (look_now(recorder, process))
			break;
		process->lifecycle.is_looked_at = recorder__look(
			recorder, process->id.pid, process->id.start_ns, ATTACH_LOOK_CRASH);
		if (!process->lifecycle.is_looked_at)
			mapping_cache__fill(&recorder->mapping_cache, process);
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

/* One that runs the file of -e: from its start on, or a child of such a one, at its death. */
static struct process *find_with_file(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process = find(recorder, head);

	/* what its dynamic linker has brought since it was known, by an exec */
	if (process && head->kind == WIRE_START)
		(void)recorder__look(recorder, process->id.pid, process->id.start_ns,
				     ATTACH_LOOK_NEW);
	if (!process && !is_past(recorder, head))
		process = admit_unknown(recorder, head);
	recorder->last = process;
	if (process)
		process->lifecycle.has_file = true;
	return process;
}

/* One that never recorded anything; maybe the last of CMD's tree. */
static void end_unknown(struct recorder *recorder, const struct wire_head *head)
{
	kernel__untrack(recorder->options.job.kernel, head->tgid, head->start_ns);
	if (recorder->options.all_given)
		recorder__tell_done(recorder);
}

void recorder__take_message(struct recorder *recorder, const struct wire_head *head)
{
	struct process *process;

	/* the first sign of a process, maybe: of those that never record, none is kept */
	if (head->kind == WIRE_BEGIN || head->kind == WIRE_TAIL)
		process = recorder__find_recording(recorder, head);
	else if (head->kind == WIRE_START || head->flags & WIRE_HAS_FILE)
		process = find_with_file(recorder, head);
	else
		process = find(recorder, head);
	if (!process) {
		if (head->kind == WIRE_EXIT)
			end_unknown(recorder, head);
		if (head->kind == WIRE_EXEC && !(head->flags & WIRE_LAUNCHED))
			(void)recorder__look(recorder, head->tgid, head->start_ns,
					     look_of_exec(head));
		return;
	}
	switch ((enum wire_kind)head->kind) {
	case WIRE_BATCH:
	case WIRE_START:
		break;
	case WIRE_TAIL:
		(void)process__take(process, (const struct wire_batch *)head);
		if (process->lifecycle.exiting && !process->lifecycle.ended)
			recorder__end_when_whole(recorder, process);
		break;
	case WIRE_BEGIN:
	case WIRE_END:
		source_table__set_owner(&process->sources, (const struct wire_thread *)head,
					head->kind == WIRE_BEGIN);
		break;
	case WIRE_REQUEST:
		request_from_program(recorder, process, (const struct wire_request *)head);
		break;
	case WIRE_EXEC:
		take_exec(recorder, process, head);
		break;
	case WIRE_LIBRARY:
		(void)recorder__look(recorder, process->id.pid, process->id.start_ns,
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
			recorder__end_when_whole(recorder, process);
		break;
	}
}

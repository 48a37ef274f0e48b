/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "wire.h"
#include "attach.h"
#include "attached_process.h"
#include "kernel.h"
#include "prefault.h"
#include "process.h"
#include "process_settings.h"
#include "processes.h"
#include "report.h"
#include "ring.h"
#include "ring_memory.h"

void processes__forget_watches(struct processes *processes)
{
	struct process *process = NULL;

	while ((process = process_table__next(&processes->table, process)))
		watches__forget(&processes->watches, process);
}

void processes__fini(struct processes *processes)
{
	processes__forget_watches(processes);
	watches__fini(&processes->watches);
	process_table__fini(&processes->table);
	mapping_cache__fini(&processes->mapping_cache);
	service_totals__fini(&processes->ended);
}

/* Said once: the kernel counts hits of a site, not processes. */
void processes__tell_untracked(struct processes *processes)
{
	if (processes->told_untracked || !kernel__untracked_cnt(processes->options->job.kernel))
		return;
	processes->told_untracked = true;
	fputs("ttlog-collect: the kernel's table of processes is full: some are not recorded\n",
	      stderr);
}

bool processes__look(struct processes *processes, uint32_t pid, uint64_t start_ns, uint32_t what)
{
	return processes->options->look(processes->options->look_ctx, pid, start_ns, what);
}

void processes__give(struct processes *processes, struct process *process)
{
	if (process->lifecycle.given)
		return;
	process->lifecycle.given = true;
	processes->given_cnt++;
}

struct process *processes__admit(struct processes *processes, const struct wire_head *head)
{
	struct process *process = process__new(head);

	if (!process)
		return NULL;
	process_table__add(&processes->table, process);
	process_id__read_exe(&process->id);
	process_id__read_cgroup(&process->id);
	if (processes->options->all_given)
		processes__give(processes, process);
	return process;
}

static void announce(struct processes *processes, struct process *process, size_t site_cnt)
{
	if (process->lifecycle.announced)
		return;
	process->lifecycle.announced = true;
	if (!processes->options->quiet)
		fprintf(stderr, "ttlog-collect: recording pid %u (%zu sites)\n", process->id.pid,
			site_cnt);
}

struct process *processes__find(const struct processes *processes, uint32_t pid, uint64_t start_ns)
{
	struct process *process = process_table__find(&processes->table, pid);

	while (process && !process_id__is_started_at(&process->id, start_ns))
		process = process_table__earlier(process);
	return process;
}

struct process *processes__find_sender(struct processes *processes, const struct wire_head *head)
{
	struct process *process = processes->last;

	if (process && process->id.pid == head->tgid && process->id.start_ns == head->start_ns)
		return process;
	process = processes__find(processes, head->tgid, head->start_ns);
	if (process)
		process->id.start_ns = head->start_ns;
	processes->last = process;
	return process;
}

/* Whether the sender is finished, and a newer process has its pid. */
static bool is_past(const struct processes *processes, const struct wire_head *head)
{
	const struct process *newest = process_table__find(&processes->table, head->tgid);
	uint64_t start_ns = 0;

	if (newest)
		start_ns = process_id__start_ns(&newest->id);
	return start_ns > head->start_ns;
}

void processes__open_ring(struct processes *processes, struct process *process)
{
	const struct process_settings *settings = process->settings;
	const bool was_refused = process->no_ring;
	const size_t bytes = settings && settings->ring_bytes ? settings->ring_bytes
							      : processes->options->ring_bytes;
	int err = process__open_ring(process, processes->options->budget,
				     processes->options->ring_dir, bytes);

	process->no_ring = !process->ring;
	if (process->ring)
		prefault__add(processes->options->prefault, process->ring);
	if (err && !was_refused)
		report__failure(
			process->id.pid, err,
			process->ring
				? "no file for its ring: nothing can be recovered should we be killed"
			: err == -ENOBUFS
				? "no flight ring within --max-memory, so all of it is lost"
				: "no flight ring, so all of it is lost");
}

/* After a refusal it gets one when there is memory again: others have ended. */
static bool needs_ring(const struct processes *processes, const struct process *process)
{
	if (process->ring)
		return false;
	return !process->no_ring ||
	       (processes->options->budget && ring_memory__may_begin(processes->options->budget));
}

void processes__take(struct processes *processes, struct process *process,
		     const struct wire_batch *message)
{
	const int64_t fresh = process__take(process, message);

	if (!watches__is_on(&processes->watches))
		return;
	if (fresh > 0)
		watches__look(&processes->watches, process);
	if (message->head.kind == WIRE_TAIL)
		watches__end_thread(process, message->head.tid);
}

/* The collector has not attached to it, so its files are not open either. */
static struct process *admit_unknown(struct processes *processes, const struct wire_head *head)
{
	struct process *process = processes__admit(processes, head);

	if (process)
		(void)processes__look(processes, process->id.pid, process->id.start_ns,
				      ATTACH_LOOK_NEW);
	return process;
}

/* It may log from a module before a thread has looked at it. */
static void hold_module(struct processes *processes, struct process *process, uint32_t module)
{
	struct attach *attach = processes->options->job.attach;

	if (module_set__has(&process->modules, module) || !attach__hold(attach, module))
		return;
	if (module_set__add(&process->modules, module))
		attach__release(attach, &module, 1);
}

struct process *processes__find_recording(struct processes *processes, const struct wire_head *head)
{
	struct process *process = processes__find_sender(processes, head);

	if (!process && !is_past(processes, head))
		process = admit_unknown(processes, head);
	processes->last = process;
	if (process)
		hold_module(processes, process, head->module);
	if (!process || !needs_ring(processes, process))
		return process;
	if (!process->id.start_ns || !process->id.comm[0])
		process_id__take_head(&process->id, head);
	processes__open_ring(processes, process);
	announce(processes, process,
		 attach__enabled_cnt(processes->options->job.attach, head->module));
	return process;
}

struct process *processes__find_with_file(struct processes *processes, const struct wire_head *head)
{
	struct process *process = processes__find_sender(processes, head);

	/* it was known before, and has run another program: libraries came since */
	if (process && head->kind == WIRE_START)
		(void)processes__look(processes, process->id.pid, process->id.start_ns,
				      ATTACH_LOOK_NEW);
	if (!process && !is_past(processes, head))
		process = admit_unknown(processes, head);
	processes->last = process;
	if (process)
		process->lifecycle.has_file = true;
	return process;
}

/* ---- their end ---- */

/* Whether all given processes have ended, and with CMD their descendants. */
static bool is_done(const struct processes *processes)
{
	return processes->given_cnt == 0 &&
	       !(processes->options->all_given &&
		 kernel__living_cnt(processes->options->job.kernel, 1));
}

void processes__tell_done(struct processes *processes)
{
	if (is_done(processes))
		(void)eventfd_write(processes->options->done_fd, 1);
}

void processes__ungive(struct processes *processes, struct process *process)
{
	if (!process->lifecycle.given)
		return;
	process->lifecycle.given = false;
	processes->given_cnt--;
	processes__tell_done(processes);
}

void processes__command_ended(struct processes *processes)
{
	size_t cnt = kernel__living_cnt(processes->options->job.kernel, SIZE_MAX);

	if (cnt && !processes->options->quiet)
		fprintf(stderr,
			"ttlog-collect: the command has ended, %zu descendant%s still recorded\n",
			cnt, cnt == 1 ? " is" : "s are");
	processes__tell_done(processes);
}

/* Not for processes of CMD that never recorded anything. */
static bool says_accounts(const struct processes *processes, const struct process *process)
{
	return process->ring || process->no_ring ||
	       (process->lifecycle.given && !processes->options->all_given);
}

/* So that the counts of its service do not fall. */
static void add_to_totals(struct processes *processes, const struct process *process)
{
	const struct job_context *context = &processes->options->job;
	struct wire_process counters;
	struct accounts accounts;
	char *service;
	int err = kernel__read_process(context->kernel, process->id.pid, process->id.start_ns,
				       &counters);

	process__accounts(process, err ? NULL : &counters, &accounts);
	service = attach__service(context->attach, process->id.build_id, process->modules.items,
				  process->modules.cnt);
	service_totals__add(&processes->ended, service, &accounts,
			    process->ring ? ring__written_bytes(process->ring) : 0,
			    process->arrivals.flushes);
	free(service);
}

static void drop_untold(struct processes *processes, struct process *process)
{
	struct process **at = &processes->untold;

	while (process->consumed.is_untold && *at != process)
		at = &(*at)->consumed.next_untold;
	if (process->consumed.is_untold)
		*at = process->consumed.next_untold;
}

void processes__finish(struct processes *processes, struct process *process)
{
	if (!process->lifecycle.ended || process->snapshots.job_cnt || process->snapshots.is_owed ||
	    process->snapshots.is_kept || process == processes->pulled)
		return;
	if (says_accounts(processes, process))
		report__process(process, processes->options->job.kernel, processes->options->quiet);
	add_to_totals(processes, process);
	kernel__untrack(processes->options->job.kernel, process->id.pid, process->id.start_ns);
	process_table__remove(&processes->table, process);
	drop_untold(processes, process);
	if (processes->last == process)
		processes->last = NULL;
	if (process->lifecycle.given)
		processes->given_cnt--;
	prefault__remove(processes->options->prefault, process->ring);
	attach__forget(processes->options->job.attach, (pid_t)process->id.pid,
		       process->modules.items, process->modules.cnt);
	watches__forget(&processes->watches, process);
	process__free(process);
	processes__tell_done(processes);
}

void processes__report(struct processes *processes)
{
	struct process *process = NULL;

	processes__tell_untracked(processes);
	while ((process = process_table__next(&processes->table, process))) {
		if (says_accounts(processes, process))
			report__process(process, processes->options->job.kernel,
					processes->options->quiet);
	}
}

void processes__count_consumed(struct processes *processes, struct process *process, size_t bytes)
{
	struct consumed *consumed = &process->consumed;

	consumed->bytes += bytes;
	if (consumed->is_untold)
		return;
	consumed->is_untold = true;
	consumed->next_untold = processes->untold;
	processes->untold = process;
}

/* What can't be told stays in the list. */
void processes__tell_consumed(struct processes *processes)
{
	struct process **at = &processes->untold;

	while (*at) {
		struct process *process = *at;
		struct consumed *consumed = &process->consumed;

		if (kernel__set_consumed(processes->options->job.kernel, process->id.pid,
					 consumed->bytes)) {
			at = &consumed->next_untold;
			continue;
		}
		consumed->is_untold = false;
		*at = consumed->next_untold;
	}
}

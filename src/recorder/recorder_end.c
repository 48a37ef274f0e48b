/* SPDX-License-Identifier: MIT */
/*
 * Processes end: when all that they had has come, or when it is overdue. Then the last snapshot, and
 * the accounts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attached_process.h"
#include "attach.h"
#include "death.h"
#include "kernel.h"
#include "prefault.h"
#include "process.h"
#include "process_table.h"
#include "recorder.h"
#include "recorder_parts.h"
#include "report.h"
#include "ring.h"
#include "tree.h"
#include "wire.h"

static bool notify_done(const struct recorder *recorder)
{
	const struct recorder_notice notice = { .event = RECORDER_DONE };

	return write(recorder->options.notify_fd, &notice, sizeof(notice)) == sizeof(notice);
}

/* Whether those that were given, and their descendants where these are followed, have ended. */
static bool is_done(const struct recorder *recorder)
{
	return recorder->given_cnt == 0 &&
	       !(recorder->options.all_given && tree__living(recorder->options.job.kernel, 1));
}

void recorder__tell_done(struct recorder *recorder)
{
	recorder->owes_done = is_done(recorder) && !notify_done(recorder);
}

void recorder__command_ended(struct recorder *recorder)
{
	size_t cnt = tree__living(recorder->options.job.kernel, SIZE_MAX);

	if (cnt && !recorder->options.quiet)
		fprintf(stderr,
			"ttlog-collect: the command has ended, %zu descendant%s still recorded\n",
			cnt, cnt == 1 ? " is" : "s are");
	recorder__tell_done(recorder);
}

/* Processes of CMD that never recorded anything are nobody's concern. */
static bool says_accounts(const struct recorder *recorder, const struct process *process)
{
	return process->ring || process->no_ring ||
	       (process->lifecycle.given && !recorder->options.all_given);
}

void recorder__finish(struct recorder *recorder, struct process *process)
{
	if (!process->lifecycle.ended || process->snapshots.job_cnt || process->snapshots.is_owed ||
	    process->snapshots.is_kept || process == recorder->pulled)
		return;
	if (says_accounts(recorder, process))
		report__process(process, recorder->options.job.kernel, recorder->options.quiet);
	kernel__untrack(recorder->options.job.kernel, process->id.pid, process->id.start_ns);
	process_table__remove(&recorder->table, process);
	if (recorder->last == process)
		recorder->last = NULL;
	if (process->lifecycle.given)
		recorder->given_cnt--;
	prefault__remove(recorder->options.prefault, process->ring);
	attach__forget(recorder->options.job.attach, (pid_t)process->id.pid, process->modules.items,
		       process->modules.cnt);
	process__free(process);
	recorder__tell_done(recorder);
}

static void lose_tail(void *ctx, uint64_t address, uint32_t module, uint64_t events)
{
	source_table__lose_tail(ctx, address, module, events);
}

/* Where the kernel had no room for what dying threads had, it still knows how much that was. */
static void count_lost_tails(struct recorder *recorder, struct process *process)
{
	struct wire_process counters;

	if (kernel__read_process(recorder->options.job.kernel, process->id.pid,
				 process->id.start_ns, &counters) == 0 &&
	    counters.lost_tails)
		kernel__each_left(recorder->options.job.kernel, process->id.pid, lose_tail,
				  &process->sources);
}

/* Its crash is in a snapshot already, with all that it ever recorded. */
static bool is_written(const struct process *process)
{
	return process->snapshots.hurried &&
	       process->snapshots.mark == ring__written_bytes(process->ring);
}

/* How it ended, where that is known, is in its crash by now. */
static void end(struct recorder *recorder, struct process *process)
{
	count_lost_tails(recorder, process);
	process->lifecycle.ended = true;
	/* its death is to be explained, also where it passed none of the sites that are on */
	if (process->crash.exit_signal &&
	    (process->lifecycle.announced || process->lifecycle.has_file) && !process->ring &&
	    !process->no_ring)
		recorder__open_ring(recorder, process);
	/* nor is it to cost the stack that there was no memory for events: nothing is written to this */
	if (process->crash.exit_signal && process->no_ring && !process->ring)
		process->ring = ring__new(NULL, RING_MIN_BYTES);
	if (process->ring && !is_written(process))
		(void)recorder__want_end(recorder, process);
	recorder__show_last(recorder, process);
	recorder__finish(recorder, process);
}

void recorder__end_when_whole(struct recorder *recorder, struct process *process)
{
	process->lifecycle.exiting = true;
	if (source_table__has_owners(&process->sources))
		count_lost_tails(recorder, process);
	if (!source_table__has_owners(&process->sources) && !process->lifecycle.is_looked_at)
		end(recorder, process);
}

/* Whether its end is known only by now: nothing said so, or not all that it had came. */
static bool is_overdue(struct recorder *recorder, struct process *process)
{
	struct wire_process counters;

	if (process->lifecycle.ended)
		return false;
	if (kernel__read_process(recorder->options.job.kernel, process->id.pid,
				 process->id.start_ns, &counters) == 0 &&
	    counters.exits) {
		death__take_end(&process->crash, &counters.end);
	} else if (!process->lifecycle.exiting && process_id__is_running(&process->id)) {
		return false;
	}
	/* what it said last may be on its way */
	return process->lifecycle.missing++ > 0;
}

/* Once: the kernel counts marks that were hit, not processes. */
static void tell_untracked(struct recorder *recorder)
{
	if (recorder->told_untracked || !kernel__untracked_cnt(recorder->options.job.kernel))
		return;
	recorder->told_untracked = true;
	fputs("ttlog-collect: the kernel's table of processes is full: some are not recorded\n",
	      stderr);
}

/* Has ended, but for a look at it that was asked for. */
static bool is_only_looked_at(struct recorder *recorder, struct process *process)
{
	(void)recorder;
	return process->lifecycle.exiting && !process->lifecycle.ended &&
	       process->lifecycle.is_looked_at && !source_table__has_owners(&process->sources);
}

static void end_each(struct recorder *recorder,
		     bool (*wants)(struct recorder *recorder, struct process *process))
{
	struct process **wanted = calloc(recorder->table.cnt + 1, sizeof(struct process *));
	struct process *process;
	struct process_cursor cursor = { 0 };
	size_t cnt = 0;

	if (!wanted)
		return;
	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (wants(recorder, process))
			wanted[cnt++] = process;
	}
	/* none frees another */
	while (cnt-- > 0)
		end(recorder, wanted[cnt]);
	free(wanted);
}

void recorder__sweep(struct recorder *recorder)
{
	tell_untracked(recorder);
	recorder__try_kept(recorder);
	recorder__pay(recorder);
	recorder__rest(recorder);
	/* the end of one may not have been told */
	if (recorder->owes_done || recorder->options.all_given)
		recorder__tell_done(recorder);
	end_each(recorder, is_overdue);
	if (attach__has_unused(recorder->options.job.attach))
		(void)recorder__look(recorder, 0, 0, ATTACH_FIND_UNUSED);
}

void recorder__end_round(struct recorder *recorder)
{
	bool found = attach__has_found_unused(recorder->options.job.attach);

	if (found && recorder->saw_unused)
		(void)recorder__look(recorder, 0, 0, ATTACH_FREE_UNUSED);
	recorder->saw_unused = found && !recorder->saw_unused;
}

void recorder__settle(struct recorder *recorder)
{
	end_each(recorder, is_only_looked_at);
}

void recorder__report(struct recorder *recorder)
{
	struct process *process;
	struct process_cursor cursor = { 0 };

	tell_untracked(recorder);
	while ((process = process_table__next(&recorder->table, &cursor))) {
		if (says_accounts(recorder, process))
			report__process(process, recorder->options.job.kernel,
					recorder->options.quiet);
	}
}

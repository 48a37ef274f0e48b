/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "wire.h"
#include "attach.h"
#include "attached_process.h"
#include "death.h"
#include "ends.h"
#include "jobs.h"
#include "kernel.h"
#include "live_rounds.h"
#include "process.h"
#include "processes.h"
#include "ring.h"
#include "stream_rounds.h"
#include "trigger_rounds.h"

/* Each about a second. */
#define REST_SWEEPS    5
/* Processes, about. */
#define ASKED_IN_SWEEP 1000

static void lose_tail(void *ctx, uint64_t address, uint32_t module, uint64_t events)
{
	source_table__lose_tail(ctx, address, module, events);
}

/* The kernel had no room for tails of dying threads, but knows how many events they had. */
static void count_lost_tails(struct ends *ends, struct process *process)
{
	struct wire_process counters;

	if (kernel__read_process(ends->options->job.kernel, process->id.pid, process->id.start_ns,
				 &counters) == 0 &&
	    counters.lost_tails)
		kernel__each_left(ends->options->job.kernel, process->id.pid, lose_tail,
				  &process->sources);
}

/* A snapshot has its crash already, and all its events. */
static bool is_written(const struct process *process)
{
	return process->snapshots.hurried &&
	       process->snapshots.mark == ring__written_bytes(process->ring);
}

static void want_end(struct ends *ends, struct process *process)
{
	(void)jobs__want_end(ends->jobs, process);
	trigger_rounds__end(ends->triggers, process);
}

/* Its crash has how it ended, if that is known. */
static void end(struct ends *ends, struct process *process)
{
	count_lost_tails(ends, process);
	process->lifecycle.ended = true;
	/* a crash gets a snapshot, even if the process passed no enabled site */
	if (process->crash.exit_signal &&
	    (process->lifecycle.announced || process->lifecycle.has_file) && !process->ring &&
	    !process->no_ring)
		processes__open_ring(ends->processes, process);
	/* even if there was no memory for events: nothing is written to this one */
	if (process->crash.exit_signal && process->no_ring && !process->ring)
		process->ring = ring__new(NULL, RING_MIN_BYTES);
	if (process->ring && !is_written(process))
		want_end(ends, process);
	live_rounds__show_last(ends->rounds, process);
	stream_rounds__end(ends->streams, process);
	processes__finish(ends->processes, process);
}

void ends__when_whole(struct ends *ends, struct process *process)
{
	process->lifecycle.exiting = true;
	if (source_table__has_owners(&process->sources))
		count_lost_tails(ends, process);
	if (!source_table__has_owners(&process->sources) && !process->lifecycle.is_looked_at)
		end(ends, process);
}

/* To ask whether a process runs takes some 20 us. If they are thousands, each is asked in its turn. */
static bool is_its_turn(const struct ends *ends, const struct process *process)
{
	const size_t turn_cnt = ends->processes->table.cnt / ASKED_IN_SWEEP + 1;

	return process->id.pid % turn_cnt == ends->sweep_cnt % turn_cnt ||
	       process->lifecycle.missing;
}

/* Whether it is gone, and its end was not reported, or tails did not come. */
static bool is_overdue(struct ends *ends, struct process *process)
{
	struct wire_process counters;

	if (process->lifecycle.ended)
		return false;
	if (kernel__read_process(ends->options->job.kernel, process->id.pid, process->id.start_ns,
				 &counters) == 0 &&
	    counters.exits) {
		death__take_end(&process->crash, &counters.end);
	} else if (!process->lifecycle.exiting &&
		   (!is_its_turn(ends, process) || process_id__is_running(&process->id))) {
		return false;
	}
	/* its last messages may be on their way: the next sweep */
	return process->lifecycle.missing++ > 0;
}

/* Only a look that was asked for keeps it from its end. */
static bool is_only_looked_at(struct ends *ends, struct process *process)
{
	(void)ends;
	return process->lifecycle.exiting && !process->lifecycle.ended &&
	       process->lifecycle.is_looked_at && !source_table__has_owners(&process->sources);
}

static void end_each(struct ends *ends, bool (*wants)(struct ends *ends, struct process *process))
{
	struct process **wanted = calloc(ends->processes->table.cnt + 1, sizeof(struct process *));
	struct process *process = NULL;
	size_t cnt = 0;

	if (!wanted)
		return;
	while ((process = process_table__next(&ends->processes->table, process))) {
		if (wants(ends, process))
			wanted[cnt++] = process;
	}
	/* none frees another */
	while (cnt-- > 0)
		end(ends, wanted[cnt]);
	free(wanted);
}

/* Gives back what reading the ring buffers takes, if nothing was recorded for a while. */
static void rest(struct ends *ends)
{
	if (!ends->processes->table.cnt && ++ends->idle_sweeps < REST_SWEEPS)
		return;
	ends->idle_sweeps = 0;
	if (!ends->processes->table.cnt)
		kernel__rest(ends->options->job.kernel);
}

void ends__sweep(struct ends *ends)
{
	ends->sweep_cnt++;
	processes__tell_untracked(ends->processes);
	jobs__sweep(ends->jobs);
	rest(ends);
	/* the end of a process may not have been reported */
	if (ends->options->all_given)
		processes__tell_done(ends->processes);
	end_each(ends, is_overdue);
	if (attach__has_unused(ends->options->job.attach))
		(void)processes__look(ends->processes, 0, 0, ATTACH_FIND_UNUSED);
}

void ends__round(struct ends *ends)
{
	bool found = attach__has_found_unused(ends->options->job.attach);

	if (found && ends->saw_unused)
		(void)processes__look(ends->processes, 0, 0, ATTACH_FREE_UNUSED);
	ends->saw_unused = found && !ends->saw_unused;
}

void ends__settle(struct ends *ends)
{
	end_each(ends, is_only_looked_at);
}

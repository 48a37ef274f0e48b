/* SPDX-License-Identifier: MIT */
/*
 * The watches of the plan of each process: fill, event, slow. What fires sets the process's
 * schedule; the recorder makes the snapshot (trigger_rounds.h).
 *
 * Belongs to the drain thread, so its work is bounded: if evaluating expressions takes more than a
 * quarter of the time, records are not looked at, and counted.
 */
#ifndef TTLOG_WATCHES_H
#define TTLOG_WATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trigger_plan.h"

struct attach;
struct clock;
struct process;
struct snapshot_counts;
struct watched_module;

#define WATCHES_NEVER UINT64_MAX
#define WATCHES_NONE  SIZE_MAX

struct watches {
	const struct trigger_plan
		*plan;       /* of processes whose settings have none; its rules hold for all */
	bool sections_watch; /* settings of some have a plan with watches */
	const struct clock *clock;
	struct attach *attach; /* has the sites of modules */
	struct snapshot_counts *counts;
	struct watched_module **modules; /* that processes have */
	size_t module_cnt, module_cap;
	uint64_t next_due_ns;         /* of all schedules, or earlier; WATCHES_NEVER: none is due */
	uint64_t window_ns, spent_ns; /* evaluating expressions: since when, and how long */
	uint64_t unchecked_cnt;       /* events that there was no time for */
};

/* Another plan from now on: call watches__forget() for each process first. */
void watches__set_plan(struct watches *watches, const struct trigger_plan *plan);
/* After watches__forget() of all processes. */
void watches__fini(struct watches *watches);

static inline bool watches__is_on(const struct watches *watches)
{
	return watches->plan->watch_cnt > 0 || watches->sections_watch;
}

/* process->taken is new. */
void watches__look(struct watches *watches, struct process *process);
/* Spans that are open for too long; each round. */
void watches__check(struct watches *watches, struct process *process, uint64_t now_ns);
/* The thread, or the program that the process ran, is gone, and its spans with it. */
void watches__end_thread(struct process *process, uint32_t tid);
void watches__exec(struct process *process);
/* Frees process->watch. */
void watches__forget(struct watches *watches, struct process *process);

#endif /* TTLOG_WATCHES_H */

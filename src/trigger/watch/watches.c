/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "attach.h"
#include "clock.h"
#include "process.h"
#include "process_settings.h"
#include "ring.h"
#include "site.h"
#include "snapshot_counts.h"
#include "watched_module.h"
#include "watches_parts.h"

/* The first one of the least percentage: its snapshot arms all of them. */
static size_t find_fill(const struct trigger_plan *plan)
{
	size_t found = WATCHES_NONE;

	for (size_t i = 0; i < plan->watch_cnt; i++) {
		if (plan->watches[i].kind == WATCH_FILL &&
		    (found == WATCHES_NONE ||
		     plan->watches[i].percent < plan->watches[found].percent))
			found = i;
	}
	return found;
}

void watches__set_plan(struct watches *watches, const struct trigger_plan *plan)
{
	watches->plan = plan;
}

void watches__fini(struct watches *watches)
{
	free(watches->modules);
}

/* ---- what fires ---- */

static const char *reason_of(const struct trigger_watch *watch)
{
	static const char *const reasons[] = {
		[WATCH_FILL] = "fill",
		[WATCH_EVENT] = "event",
		[WATCH_SLOW] = "slow",
	};

	return reasons[watch->kind];
}

/* Without memory, the snapshot says less. */
static void set_cause(struct schedule *schedule, const struct trigger_watch *watch,
		      const struct watch_event *event)
{
	trigger_cause__fini(&schedule->cause);
	schedule->reason = reason_of(watch);
	schedule->cause = (struct trigger_cause){
		.on = strdup(watch->text),
		.probe = event->probe ? strdup(event->probe) : NULL,
		.mono_ns = event->mono_ns,
		.duration_ns = event->duration_ns,
		.bytes = event->bytes,
		.tid = event->tid,
		.is_open = event->is_open,
	};
}

bool watches__fire(struct watches *watches, struct process *process,
		   const struct watch_event *event)
{
	const struct trigger_watch *watch = &process->watch->plan->watches[event->watch];
	struct schedule *schedule = &process->snapshots.schedule;

	switch (schedule__ask(schedule, &watches->plan->rules, clock__now_mono_ns())) {
	case SCHEDULE_ACCEPTED:
		set_cause(schedule, watch, event);
		if (schedule->due_ns < watches->next_due_ns)
			watches->next_due_ns = schedule->due_ns;
		break;
	case SCHEDULE_PENDING:
		break;
	case SCHEDULE_SUPPRESSED:
		return false;
	}
	return true;
}

void watches__suppress(struct watches *watches, struct process *process, size_t watch)
{
	process->snapshots.schedule.suppressed_cnt++;
	snapshot_counts__suppressed(watches->counts,
				    reason_of(&process->watch->plan->watches[watch]));
}

/* ---- what a process has ---- */

static const struct trigger_plan *plan_of(const struct watches *watches,
					  const struct process *process)
{
	const struct process_settings *settings = process->settings;

	return settings && settings->plan ? settings->plan : watches->plan;
}

struct process_watch *watches__of(struct watches *watches, struct process *process)
{
	const struct trigger_plan *plan = plan_of(watches, process);

	if (process->watch && process->watch->plan == plan)
		return process->watch;
	watches__forget(watches, process);
	process->watch = plan->watch_cnt ? calloc(1, sizeof(*process->watch)) : NULL;
	if (process->watch) {
		process->watch->plan = plan;
		process->watch->fill_at = find_fill(plan);
	}
	return process->watch;
}

/* One for all processes with the plan: the table tells which file it is. NULL without memory. */
static struct watched_module *share(struct watches *watches, const struct trigger_plan *plan,
				    struct site_table *table)
{
	struct watched_module *module;

	for (size_t i = 0; i < watches->module_cnt; i++) {
		if (watches->modules[i]->table == table && watches->modules[i]->plan == plan) {
			site_table__free(table);
			return watches->modules[i];
		}
	}
	if (array__reserve(watches->modules, watches->module_cnt + 1, &watches->module_cap)) {
		site_table__free(table);
		return NULL;
	}
	module = watched_module__new(plan, table);
	if (module)
		watches->modules[watches->module_cnt++] = module;
	return module;
}

static void release(struct watches *watches, struct watched_module *module)
{
	size_t i = 0;

	if (!module || --module->use_cnt)
		return;
	while (watches->modules[i] != module)
		i++;
	watches->modules[i] = watches->modules[--watches->module_cnt];
	watched_module__free(module);
}

/* NULL: nothing in it is watched. */
static const struct watched_module *find_module(struct watches *watches,
						struct process_watch *watch, uint32_t number)
{
	struct site_table *table;
	struct watched_module *module;

	for (size_t i = 0; i < watch->ref_cnt; i++) {
		if (watch->refs[i].number == number)
			return watch->refs[i].module;
	}
	if (array__reserve(watch->refs, watch->ref_cnt + 1, &watch->ref_cap))
		return NULL;
	table = attach__table(watches->attach, number);
	module = table ? share(watches, watch->plan, table) : NULL;
	if (module)
		module->use_cnt++;
	watch->refs[watch->ref_cnt++] = (struct watched_ref){ number, module };
	return module;
}

void watches__forget(struct watches *watches, struct process *process)
{
	struct process_watch *watch = process->watch;

	if (!watch)
		return;
	for (size_t i = 0; i < watch->ref_cnt; i++)
		release(watches, watch->refs[i].module);
	free(watch->refs);
	begun_spans__fini(&watch->spans);
	free(watch);
	process->watch = NULL;
}

void watches__end_thread(struct process *process, uint32_t tid)
{
	if (process->watch)
		begun_spans__end_thread(&process->watch->spans, tid);
}

void watches__exec(struct process *process)
{
	if (process->watch)
		begun_spans__clear(&process->watch->spans);
}

/* ---- fill ---- */

static void look_at_fill(struct watches *watches, struct process *process, size_t number)
{
	struct fill_watch *fill = &process->watch->fill;
	const uint64_t bytes =
		fill_watch__take(fill, process->snapshots.mark, ring__written_bytes(process->ring));
	const struct watch_event event = { .watch = number, .bytes = bytes };

	if (!fill_watch__is_due(fill, bytes, ring__data_bytes(process->ring),
				process->watch->plan->watches[number].percent))
		return;
	fill->has_fired = watches__fire(watches, process, &event);
	if (fill->has_fired || fill->was_suppressed)
		return;
	fill->was_suppressed = true;
	watches__suppress(watches, process, number);
}

/* ---- all of them ---- */

void watches__look(struct watches *watches, struct process *process)
{
	const struct watched_module *module;

	if (!process->ring || !watches__of(watches, process))
		return;
	if (process->watch->fill_at != WATCHES_NONE)
		look_at_fill(watches, process, process->watch->fill_at);
	module = find_module(watches, process->watch, process->taken.entry.module);
	if (module && watched_module__wants(module, process->taken.flags))
		watches__walk(watches, process, module);
}

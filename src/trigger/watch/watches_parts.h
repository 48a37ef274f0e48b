/* SPDX-License-Identifier: MIT */
/* Shared by watches.c (what a process has, and what fires) and watches_walk.c (records). */
#ifndef TTLOG_WATCHES_PARTS_H
#define TTLOG_WATCHES_PARTS_H

#include "fill_watch.h"
#include "begun_spans.h"
#include "watches.h"

/* A module of a process. Its number means the same file as long as the process has it. */
struct watched_ref {
	uint32_t number;
	struct watched_module *module; /* NULL: there was no memory */
};

struct process_watch {
	const struct trigger_plan *plan;
	size_t fill_at; /* the fill watch that counts: place in the plan, or WATCHES_NONE */
	struct watched_ref *refs;
	size_t ref_cnt, ref_cap;
	struct fill_watch fill;
	struct begun_spans spans;
};

/* Made if it has none, and again if its settings say something else. NULL: its plan has no watches,
 * or without memory. */
struct process_watch *watches__of(struct watches *watches, struct process *process);

/* What has happened; its texts are copied. */
struct watch_event {
	size_t watch;      /* place in the plan */
	const char *probe; /* as in struct trigger_cause */
	uint64_t mono_ns, duration_ns, bytes;
	uint32_t tid;
	bool is_open;
};

/* False: it is suppressed; then it is counted by watches__suppress(). */
bool watches__fire(struct watches *watches, struct process *process,
		   const struct watch_event *event);
void watches__suppress(struct watches *watches, struct process *process, size_t watch);
/* The records of process->taken. */
void watches__walk(struct watches *watches, struct process *process,
		   const struct watched_module *module);

#endif /* TTLOG_WATCHES_PARTS_H */

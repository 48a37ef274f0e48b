/* SPDX-License-Identifier: MIT */
/*
 * All recorded processes, and what each part of the recorder needs to know to work on them.
 *
 * A process comes with its first message, or when it is attached to. It stays until it has ended
 * and no job works on it; then its line of accounts is printed.
 */
#ifndef TTLOG_PROCESSES_H
#define TTLOG_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "mapping_cache.h"
#include "process_table.h"
#include "watches.h"
#include "service_totals.h"

struct live;
struct prefault;
struct process;
struct ring_budget;
struct trigger_plan;
struct streams;
struct wire_batch;
struct wire_head;

struct recorder_options {
	struct job_context job;    /* recorder__new() sets its boot_id */
	struct live *live;         /* NULL: no followers */
	struct streams *streams;   /* --stream; NULL: none */
	bool stream_all;           /* those too that have no settings of their own */
	uint64_t stream_bytes;     /* a process's events wait for so many bytes of its ring, */
	uint64_t stream_age_ns;    /* or so long, before they are encoded */
	struct prefault *prefault; /* NULL: rings get their memory at first use */
	const char *ring_dir;      /* NULL: anonymous memory */
	size_t ring_bytes;
	struct ring_budget *budget;      /* of all rings; NULL: without a limit */
	const struct trigger_plan *plan; /* recorder__set_plan() may replace it */
	bool sections_watch;             /* settings of some processes have watches */
	bool all_given;                  /* all processes count as given: they belong to CMD */
	bool quiet;
	int done_fd; /* eventfd: no given process is left, nor one of CMD's tree */
	/* Asks for a look (enum attach_look, or-ed), without waiting. start_ns: as the kernel
	 * stamps the process; 0: unknown. Returns whether it will be done. */
	bool (*look)(void *ctx, uint32_t pid, uint64_t start_ns, uint32_t look);
	void *look_ctx;
};

struct processes {
	const struct recorder_options *options;
	struct process_table table;
	struct mapping_cache mapping_cache;
	struct process *last;   /* the sender of the last batch; mostly of the next one too */
	struct process *pulled; /* it stays while it is read, whatever comes in meanwhile */
	struct process *untold; /* from which batches came since the kernel was told */
	size_t given_cnt;       /* given, and not ended */
	bool told_untracked;
	struct watches watches;      /* --on fill, event, slow */
	struct service_totals ended; /* what those that are finished had counted */
};

void processes__fini(struct processes *processes);
/* Before watches get another plan. */
void processes__forget_watches(struct processes *processes);
/* The process with that pid that started then. NULL. */
struct process *processes__find(const struct processes *processes, uint32_t pid, uint64_t start_ns);
/* The sender of a message. NULL: not known. */
struct process *processes__find_sender(struct processes *processes, const struct wire_head *head);
/* The sender, which is added if it is new, and gets a ring. NULL without memory. */
struct process *processes__find_recording(struct processes *processes,
					  const struct wire_head *head);
/* process__take(), and watches look at what is new. */
void processes__take(struct processes *processes, struct process *process,
		     const struct wire_batch *message);
/* The sender, which runs the file of -e, and is added if it is new. NULL without memory. */
struct process *processes__find_with_file(struct processes *processes,
					  const struct wire_head *head);
/* Adds a process. NULL without memory. */
struct process *processes__admit(struct processes *processes, const struct wire_head *head);
/* Makes its ring, if it has none. A failure is reported once. */
void processes__open_ring(struct processes *processes, struct process *process);
/* See recorder_options.look; the answer comes as an attached_process. */
bool processes__look(struct processes *processes, uint32_t pid, uint64_t start_ns, uint32_t what);

/* The collector ends when all given processes have ended. */
void processes__give(struct processes *processes, struct process *process);
void processes__ungive(struct processes *processes, struct process *process);
/* Writes to done_fd if no given process is left, nor one of CMD's tree. */
void processes__tell_done(struct processes *processes);
/* Says how many descendants are left, if any; then as above. */
void processes__command_ended(struct processes *processes);

/* So many bytes of the process were read from the kernel's ring buffer. */
void processes__count_consumed(struct processes *processes, struct process *process, size_t bytes);
/* Tells the kernel how much was read of each process; after each round of reading. */
void processes__tell_consumed(struct processes *processes);
/* Says, once, that the kernel's table of processes was full. */
void processes__tell_untracked(struct processes *processes);
/* If it has ended and nothing works on it: prints its accounts and frees it. */
void processes__finish(struct processes *processes, struct process *process);
/* Prints the accounts of all processes that are left. */
void processes__report(struct processes *processes);

#endif /* TTLOG_PROCESSES_H */

/* SPDX-License-Identifier: MIT */
/*
 * The state of the recorder at one moment: a copy, which any thread may read for as long as it
 * likes.
 *
 * The drain thread copies what it owns (status__new()). The thread that asked for it adds the rest
 * (status__complete()): what the kernel counts, names of services, what the collector itself takes.
 */
#ifndef TTLOG_STATUS_H
#define TTLOG_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "accounts.h"
#include "kept_file.h"
#include "service_totals.h"
#include "snapshot_counts.h"

struct attach;
struct kernel;
struct process;
struct process_table;
struct ring_budget;

struct status_process {
	uint32_t pid;    /* as the collector sees it */
	uint32_t ns_pid; /* as it sees itself, in a container */
	uint32_t uid;
	uint64_t start_ns;        /* since boot, 0: unknown; with the pid, it says which process */
	uint64_t cgroup;          /* the id of its cgroup */
	char *cgroup_path;        /* its path in version 2; NULL: unknown */
	char comm[17];            /* its name, "" if it is not known yet */
	char *exe;                /* the path of its program; NULL: unknown */
	char *service;            /* NULL: none */
	char build_id[41];        /* of its program, "" if it is not known */
	bool ended;               /* it is gone, and its last snapshot is not written yet */
	struct accounts accounts; /* corrupt ones, which only a snapshot finds, count as recorded */
	bool is_streamed;
	uint64_t durable_ns; /* CLOCK_MONOTONIC: its stream is on disk up to then; 0: no part */
	uint64_t bytes;      /* that were recorded, ever */
	uint64_t flushes;    /* batches that it has sent */
	uint64_t newest_ns;  /* CLOCK_MONOTONIC: when the newest events came; 0: never */
	uint64_t ring_bytes; /* size of its flight ring; 0: it has none yet */
	uint64_t ring_used_bytes;
	uint64_t unsaved_bytes;    /* of these, in no snapshot yet */
	uint64_t streamed, missed; /* events in its segments, and those that are not */
	uint32_t threads;          /* that have logged, ever */
	uint32_t snapshots;        /* files that were written for it */
	uint64_t site_cnt;         /* in the files that it maps */
	uint64_t enabled_cnt;      /* of these: that are recorded */
	uint32_t *modules;         /* their numbers (attach.h) */
	uint32_t module_cnt;

	/* until it is complete: what is needed for that */
	struct event_counts counts;
	uint64_t emitted_in_batches, overwritten;
};

/* One of the kernel's ring buffers. */
struct status_buffer {
	uint64_t bytes, used_bytes;
	uint64_t peak_bytes; /* in the last minute or two: wire_ring__peak_bytes() */
};

struct status_program {
	char name[16];
	uint64_t run_cnt, run_ns; /* 0 unless kernel.bpf_stats_enabled is 1 */
	uint64_t missed_cnt;      /* not run, because it was running on that CPU */
};

#define STATUS_PROGRAM_MAX 32

struct status {
	uint64_t mono_ns, real_ns;             /* when the drain thread made it */
	uint64_t start_mono_ns, start_real_ns; /* when the collector began */
	struct status_process *processes;
	size_t process_cnt;
	struct service_totals ended; /* processes that are not in `processes` any more */
	struct snapshot_counts snapshots;
	size_t snapshots_open; /* asked for, and not written yet */
	struct status_buffer batches, lifecycle;
	bool has_streams;
	uint64_t stream_written, stream_missed; /* events, of all streams ever */

	/* what status__complete() adds */
	uint64_t untracked_cnt; /* processes that were not recorded: the kernel's table was full */
	uint64_t deleted_cnt[KEPT_WHY_CNT];            /* files, that were too many */
	uint64_t ring_memory_bytes, ring_budget_bytes; /* UINT64_MAX: no limit */
	uint64_t cpu_ns;                               /* of the collector, ever, all threads */
	uint64_t resident_bytes;                       /* of the collector, its rings included */
	struct status_program programs[STATUS_PROGRAM_MAX];
	size_t program_cnt;

	bool is_complete;
	unsigned int refs; /* status_board.c's */
};

struct status_sources {
	const struct kernel *kernel; /* NULL in tests: then there are no such figures */
	struct attach *attach;       /* likewise */
	struct ring_budget *budget;
	const uint64_t
		*recovered_cnt; /* atomic: snapshots of what earlier collectors left; NULL: 0 */
	const uint64_t *deleted_cnt; /* atomic, by enum kept_why; NULL: 0 */
};

/* The drain thread. With processes only; NULL without memory. */
struct status *status__new(const struct process_table *table, uint64_t mono_ns);
/* Any thread, one at a time. */
void status__complete(struct status *status, const struct status_sources *sources);
/* NULL is fine. */
void status__free(struct status *status);

#endif /* TTLOG_STATUS_H */

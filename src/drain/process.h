/* SPDX-License-Identifier: MIT */
/*
 * One recorded process: which of its batches were taken, its flight ring, its accounts.
 *
 * The drain thread owns it. Nothing is recorded twice (source_table.h), and emitted = recorded +
 * lost holds by the program's own count (accounts.h).
 */
#ifndef TTLOG_PROCESS_H
#define TTLOG_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accounts.h"
#include "crash.h"
#include "facts.h"
#include "module_set.h"
#include "process_id.h"
#include "ring_entry.h"
#include "snapshot_state.h"
#include "source_table.h"
#include "thread_table.h"

struct event_stacks;
struct left_out;
struct process;
struct process_settings;
struct process_watch;
struct ring;
struct ring_budget;
struct stream;
struct wire_batch;
struct wire_event;
struct wire_head;
struct wire_process;

/* Bytes that were read from the kernel's ring buffer. */
struct consumed {
	uint64_t bytes;
	bool is_untold; /* the kernel does not know of all: it is in the list of these */
	struct process *next_untold;
};

/* What came of its events. */
struct arrivals {
	uint64_t flushes;   /* batches that the kernel has sent */
	uint64_t newest_ns; /* CLOCK_MONOTONIC: when the newest events came; 0: none has */
	uint64_t read_ns;   /* when the last reading of all its batches that got all began */
};

/* Up to where in the ring followers, or its stream, have its events. */
struct live_mark {
	uint64_t written_bytes; /* ring__written_bytes() */
	uint64_t events;        /* ring__events() */
};

/* Moments of its stream: all that had been logged before is ... */
struct streamed {
	struct live_mark mark; /* ... up to here */
	uint64_t covers_ns;    /* ... in the ring */
	uint64_t sent_ns;      /* ... with the stream */
	uint64_t durable_ns;   /* ... on disk, as nothing was new; 0: unknown */
};

/* What process__take() took last: valid until its message goes. */
struct taken_records {
	struct ring_entry entry;
	const unsigned char *records;
	uint8_t flags; /* of their batch: TTLOG_BATCH_* */
};

/* How far it has come between its first sign and its end. The recorder sets all of this. */
struct lifecycle {
	bool given;        /* on the command line: the collector ends when all of these have */
	bool announced;    /* "recording pid" was said */
	bool has_file;     /* -e: it runs the file, even if it never logs */
	bool is_looked_at; /* it crashes, and a thread reads its mappings */
	bool exiting;      /* its end was reported, and tails of threads are still missing */
	bool ended;        /* its last thread is gone */
	unsigned missing;  /* sweeps that found it gone, with no report of its end */
};

struct process {
	struct process_id id;
	struct process *next;                    /* in a list of process_table */
	const struct process_settings *settings; /* NULL: as all */
	struct ring *ring;                       /* NULL before the first event */
	bool no_ring;                            /* there was no memory for it */
	bool has_side;                           /* a batch had TTLOG_BATCH_SIDE */
	struct facts facts;
	struct thread_table threads;
	struct source_table sources;
	struct module_set modules;
	struct event_counts counts;
	struct consumed consumed;
	struct arrivals arrivals;
	struct crash crash;
	struct lifecycle lifecycle;
	struct snapshot_state snapshots;
	struct live_mark live;
	struct taken_records taken;
	struct left_out *left_out;   /* before it was recorded; NULL: nothing */
	struct event_stacks *stacks; /* --stack: NULL before the first one */
	struct process_watch *watch; /* of watches.h; NULL: none */
	struct streamed streamed;
	struct stream *stream; /* --stream: once it has events. The recorder sets both */
};

/* NULL without memory. */
struct process *process__new(const struct wire_head *head);
/* Removes the files of its facts and its ring. NULL is fine. */
void process__free(struct process *process);
/* Leaves these files for the next collector, with how the process ended. 0 or -errno: then they are
 * removed as ever. */
int process__leave(struct process *process, const struct accounts *accounts,
		   const struct crash_ending *ending);

/*
 * Makes the file of its facts in dir (NULL: none), if there is none. Call it before any site is
 * enabled: then there is no event without accounts. If it fails, the process is recorded all the
 * same, and can't be recovered.
 */
void process__open_facts(struct process *process, const char *dir);
/*
 * Makes the flight ring in dir (NULL: in anonymous memory), and the facts if there are none; within
 * the budget (NULL: without a limit). 0 or -errno. After an error the ring is in anonymous memory,
 * where no other collector finds it; or there is none, and all events are lost.
 */
int process__open_ring(struct process *process, struct ring_budget *budget, const char *dir,
		       size_t bytes);

/*
 * Takes what is new in a batch into the ring. Returns the number of new events; -EBADMSG if it is
 * malformed (counted as corrupt), or another -errno.
 */
int64_t process__take(struct process *process, const struct wire_batch *message);
/* The event, taken in a batch of its own with these ticks, has the stack that came before it. */
void process__take_stack(struct process *process, const struct wire_event *message, uint64_t ticks);
/* An event that came, and that no site explains: it is counted as corrupt. */
void process__refuse_event(struct process *process);
/* It runs another program now: the memory of the earlier one is gone. */
void process__exec(struct process *process, const struct wire_head *head);

/* kernel: BPF's counters; NULL if they are gone. */
void process__accounts(const struct process *process, const struct wire_process *kernel,
		       struct accounts *ret);
/* Stamps a batch of that source as the kernel would. The name is the last known one. */
void process__fill_head(const struct process *process, const struct source *source,
			struct wire_head *ret);

#endif /* TTLOG_PROCESS_H */

/* SPDX-License-Identifier: MIT */
/*
 * One recorded process: which of its batches were taken, its flight ring, its accounts.
 *
 * The drain thread owns it. Batches come twice (a pull, then the flush; a flush, then the death)
 * and are told apart by address, sequence number and offset, so nothing is recorded twice and
 * emitted = recorded + lost holds by the program's own count.
 */
#ifndef TTLOG_PROCESS_H
#define TTLOG_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"
#include "source.h"
#include "thread_index.h"

struct accounts;
struct job;
struct ring;
struct ring_budget;
struct ring_entry;
struct thread;
struct trigger_request;
struct ttlog_batch;
struct wire_batch;
struct wire_head;
struct wire_process;
struct wire_thread;

/* What only the process has to know of an entry in threads[]. */
struct thread_note {
	uint64_t written; /* ring__written_bytes() after its last entry */
	int64_t place;    /* in the facts; -1: it is not there */
};

struct process {
	uint32_t pid, ns_pid, uid;
	uint64_t start_ns, cgroup;
	uint64_t proc_start_ns; /* before the kernel has told start_ns: as /proc has it, or 0 */
	struct process
		*earlier; /* had the number before, and is not through yet; process_table's */
	char comm[16];
	char *exe; /* NULL unknown */
	char build_id[41];

	struct ring *ring; /* NULL before the first event */
	int facts_fd;      /* see facts.h; -1 where there is none */
	char *facts_path;  /* of it */
	struct thread *threads;
	struct thread_note *thread_notes; /* by number, too; NULL of one that is recovered */
	size_t thread_cnt, thread_cap;
	size_t thread_hand; /* those before it were looked at, whether they can be had again */
	struct thread_index thread_index;
	struct source *sources; /* hash by address, open addressing */
	size_t source_cnt, source_cap;

	uint32_t *modules; /* those that it has, or had; each is held (attach__hold()) */
	size_t module_cnt, module_cap;
	uint32_t last_module; /* of these, that was asked for last */

	uint64_t recorded;
	uint64_t emitted_earlier; /* by programs that it ran before the present one */
	uint64_t alone;           /* of recorded: events outside of any thread's batch */
	uint64_t corrupt;         /* events in batches that were refused */
	uint64_t unreadable;      /* of recorded: no events, as its last snapshot found out */
	uint64_t refused;         /* events in batches of which there are too many */
	uint64_t no_memory;       /* events for which the ring had none, or an earlier program */
	uint64_t consumed_bytes;  /* of the kernel's ring buffer */
	uint64_t consumed_told;   /* the kernel knows of this many */
	struct anchor *anchors;   /* those that are known */
	size_t anchor_cnt;
	uint64_t dropped; /* events for which the program had no memory */

	struct crash crash;
	bool given;     /* on the command line: the collector ends when all of these have */
	bool announced; /* "recording pid" was said */
	bool has_file;  /* -e: it runs the file, whether it logs or not */
	bool no_ring;   /* there was no memory for it: said */
	unsigned
		missing; /* how often it was looked for and not there, while its end was not seen */
	bool exiting;    /* its end was told, and threads have yet to hand in what they had */
	bool is_looked_at; /* for its mappings, as it dies */
	bool ended;        /* its last thread is gone */
	bool hurried;      /* its crash is in a snapshot though it has not ended */
	size_t job_cnt;    /* snapshots being written */
	struct job *kept;  /* its last, for which the disk has no room; NULL: none */
	bool has_part;     /* of that the newest events are in its last file */
	char *owed_reason; /* of one that waits for room; NULL: none */
	struct trigger_request *owed_request; /* who waits for that; NULL: nobody */
	struct process *next_owed;            /* the recorder's */
	uint64_t snapshot_mark;               /* ring__written_bytes at the last snapshot */
	uint64_t live_mark;                   /* the same of what those who follow were shown */
	uint64_t live_events;                 /* ring__events then */
	char **files;                         /* snapshots, by path */
	size_t file_cnt;
};

struct process *process__new(const struct wire_head *head);
/* The flight ring's file goes too. NULL is fine. */
void process__free(struct process *process);
/* What it has stays for the next collector, whether or not it is freed: what a job could not write
 * (facts__add_kept()). 0 or -errno: then it goes. */
int process__leave(struct process *process, const struct accounts *accounts,
		   const struct crash_ending *ending);

/*
 * Writes into dir what the next collector needs should this one be killed (journal.h): before any
 * site is enabled, so that nothing is emitted that no accounts tell of. Where it can't be written
 * the process is recorded all the same, and nothing of it can be recovered.
 */
void process__open_facts(struct process *process, const char *dir);
/*
 * Makes the flight ring in dir (NULL: in anonymous memory), and facts where there are none; within
 * the budget (NULL: without a limit). 0 or -errno: then it is in anonymous memory, where no other
 * collector finds it, or there is none, and what is taken is counted as lost.
 */
int process__open_ring(struct process *process, struct ring_budget *budget, const char *dir,
		       size_t bytes);

/*
 * Takes what is new in a batch into the ring. Returns the number of new events, or -EBADMSG where
 * the batch is none (counted as corrupt), or another -errno.
 */
int64_t process__take(struct process *process, const struct wire_batch *message);

/* The number of (tid, comm) in threads[], which has it from now on; `hint` is tried first. Good as long
 * as the ring has something of it, and until the next one is asked for. -ENOMEM. */
int64_t process__thread_number(struct process *process, const struct wire_head *head,
			       uint32_t hint);

/* A thread's batch from before the recording: what it holds is not ours. 0 or -errno. */
int process__add_source(struct process *process, const struct source *known,
			const struct ttlog_batch *head);
/*
 * For a process whose collector died, from what that left: a source's base; whether it has one there; that batches of other
 * programs than this one are gone; what the ring has of a batch, entries in their order; and before
 * a batch is taken, how many of its events those are.
 */
void process__set_base(struct process *process, uint64_t address, uint64_t base);
bool process__has_source(const struct process *process, uint64_t address);
void process__forget_others(struct process *process, uint32_t exec);
void process__mark_taken(struct process *process, const struct ring_entry *entry);
void process__count_taken(struct process *process, const struct wire_batch *message);
/* The thread that sent the message has that batch now (owns), or has given it up. */
void process__set_owner(struct process *process, const struct wire_thread *message, bool owns);
/* A batch's thread died, and its last events with it; events: ever in it. */
void process__lose_tail(struct process *process, uint64_t address, uint32_t module,
			uint64_t events);
/* Whether a thread has a batch of which it has not handed in the last of it. */
bool process__has_owners(const struct process *process);
/* It runs another program now: the memory of the one before is gone. */
void process__exec(struct process *process, const struct wire_head *head);

/* What the kernel would have stamped on a batch of that source. The name is the one it had last. */
void process__fill_head(const struct process *process, const struct source *source,
			struct wire_head *ret);

/* One that is known already is fine. 0 or -ENOMEM. */
int process__add_anchor(struct process *process, const struct anchor *anchor);

/* Whether it has a module. */
bool process__has_module(struct process *process, uint32_t module);
/* One that it has not. 0 or -ENOMEM. */
int process__add_module(struct process *process, uint32_t module);

int process__add_file(struct process *process, const char *path);
/* The last one that was added is that now. */
int process__replace_file(struct process *process, const char *path);

#endif /* TTLOG_PROCESS_H */

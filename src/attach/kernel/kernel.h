/* SPDX-License-Identifier: MIT */
/*
 * The collector's handle of the kernel side: the loaded BPF programs, their maps, and links to
 * places in files.
 *
 * All state of the kernel side ends with the process that holds it: in whatever way the collector
 * ends, the kernel removes the probes and lowers the semaphores.
 */
#ifndef TTLOG_KERNEL_H
#define TTLOG_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct event_chunks;
struct kernel;
struct kernel_have;
struct kernel_link;
struct kernel_places;
struct wire_place;
struct wire_process;
struct wire_ring;

struct kernel_options {
	size_t batches_bytes; /* ring buffer for batches: a power of two, at least a page */
	bool track_all;       /* record each process that runs a probed file */
	bool follow_children; /* record the children of recorded processes */
	/* the same; and each one is reported as after an exec (WIRE_EXEC), to be attached to */
	bool tell_children;
	bool all_stacks;         /* in a crash, also those of other threads */
	bool sched;              /* what threads waited for, faults and signals (sched_wire.h) */
	uint64_t sched_least_ns; /* shorter waits are no event */
	size_t events_bytes;     /* for probes that are not ours; as above; 0: there are none */
	bool has_stacks;         /* events get stacks (--stack) */
	bool has_chunks;         /* half of that is for chunks of threads; else all for messages */
	bool foreign_tracks; /* with track_all: record also each process that hits one of these */
};

/* Flags: events that are lost on an older kernel without kprobes. */
enum kernel_gap {
	KERNEL_GAP_EXIT = 1, /* the last events of threads that end by themselves */
	KERNEL_GAP_EXEC = 2, /* the last events before an exec */
};

/* Loads the programs and attaches to the tracepoints. NULL with errno. */
struct kernel *kernel__new(const struct kernel_options *options);
void kernel__free(struct kernel *kernel);

/* Whether sites can be switched on here at all: 0 or -errno. */
int kernel__can_enable(const struct kernel *kernel);

/* Whether a link for one process is hit in all its threads, and so can be used. */
bool kernel__can_filter(const struct kernel *kernel);

unsigned int kernel__gaps(const struct kernel *kernel);

/* Ends the threads of the start. */
void kernel__settle(struct kernel *kernel);
/* Descriptors of the programs that kernel__link() links. Returns how many, at most `max`. */
size_t kernel__list_programs(const struct kernel *kernel, int *ret, size_t max);

int kernel__batches_fd(const struct kernel *kernel);
/* -1: there is none. */
int kernel__events_fd(const struct kernel *kernel);
int kernel__lifecycle_fd(const struct kernel *kernel);
/* Messages are struct wire_load; only for src/attach/launch/hold.c. */
int kernel__loads_fd(const struct kernel *kernel);
/* Its keys are the threads that load libraries now, of those messages; this process can't write it:
 * for broker_policy. */
int kernel__loading_fd(const struct kernel *kernel);
/* The process that traces, which need not be this one: before programs are started. */
void kernel__set_tracer(struct kernel *kernel, pid_t pid);
/* Opened for reading; `kernel` still owns them. */
struct kernel_rings {
	struct wire_ring *batches, *lifecycle;
	struct wire_ring *events;    /* NULL: there is none */
	struct event_chunks *chunks; /* likewise */
	struct wire_ring *sched;     /* struct sched_message; NULL: without options.sched */
};
void kernel__open_rings(struct kernel *kernel, struct kernel_rings *ret);
/* -1: there is none. */
int kernel__sched_fd(const struct kernel *kernel);
/* Which of enum sched_site are recorded, a bit each; at first none. Any thread. */
void kernel__switch_sched_on(struct kernel *kernel, uint32_t sites);
/* Frees the memory of the readers while no messages come. Only the thread that reads them. */
void kernel__rest(struct kernel *kernel);

int kernel__track(struct kernel *kernel, pid_t pid);
/* Forgets a process and its threads' batches, unless a later process has its pid. start_ns: as in
 * the kernel's messages; 0: unknown. */
void kernel__untrack(struct kernel *kernel, pid_t pid, uint64_t start_ns);
/* -ESRCH: a later process has its pid. */
int kernel__read_process(const struct kernel *kernel, pid_t pid, uint64_t start_ns,
			 struct wire_process *ret);
/*
 * Calls the function for each batch that a dead thread of the process could not send, with its
 * address, module, and the number of events that were ever in it.
 */
void kernel__each_left(const struct kernel *kernel, pid_t pid,
		       void (*each)(void *ctx, uint64_t address, uint32_t module, uint64_t events),
		       void *ctx);
/* All processes that BPF follows, also those that never log; some may be there twice. NULL: no
 * memory. The caller frees it. */
pid_t *kernel__list_processes(const struct kernel *kernel, size_t *ret_cnt);
/* How many of them run, at most `max`. Only in the thread that calls kernel__untrack(). */
size_t kernel__living_cnt(const struct kernel *kernel, size_t max);
int kernel__set_consumed(struct kernel *kernel, pid_t pid, uint64_t bytes);
/* Registers a batch from before the collector came. */
int kernel__register_batch(struct kernel *kernel, pid_t pid, pid_t tid, uint64_t address,
			   uint32_t module);
/*
 * For a program that is traced (kernel__set_tracer()), and that is not linked yet: when its dynamic
 * linker reports libraries (KERNEL_LIBRARY), the program stops before a signal that it will not
 * see. debug: address of its _r_debug, 0: unknown. 0 or -errno.
 */
int kernel__begin_linking(struct kernel *kernel, pid_t pid, uint64_t debug);
/* Whether its linker has added libraries, and was then done; false if debug is 0. */
bool kernel__has_linked(const struct kernel *kernel, pid_t pid);
void kernel__end_linking(struct kernel *kernel, pid_t pid);
/* Processes that were not recorded because the table was full. */
uint64_t kernel__untracked_cnt(const struct kernel *kernel);

struct kernel_program_info {
	const char *name;
	uint64_t run_cnt, run_ns; /* 0 unless kernel.bpf_stats_enabled is 1 */
	uint64_t missed_cnt;      /* not run, because it was running on that CPU */
};

/* Each BPF program that is loaded. Any thread. */
void kernel__each_program(const struct kernel *kernel,
			  void (*each)(void *ctx, const struct kernel_program_info *info),
			  void *ctx);

enum kernel_program {
	KERNEL_CONTROL,
	KERNEL_LIBRARY,
	KERNEL_START,
	KERNEL_FOREIGN, /* only with events_bytes */
};

/* How the values of a place are read, by its cookie, before it is linked (KERNEL_FOREIGN). 0 or
 * -errno; -E2BIG: there are too many. */
int kernel__put_place(struct kernel *kernel, uint64_t cookie, const struct wire_place *plan);
/* After its links are closed. */
void kernel__remove_place(struct kernel *kernel, uint64_t cookie);

/* pid 0: in every process, present and future. cookie: given to the program. NULL with errno. */
struct kernel_link *kernel__link(struct kernel *kernel, enum kernel_program program,
				 const struct kernel_places *places, uint64_t cookie, pid_t pid);
/* The same, instead of a link that has some of the places: see kernel_link__take(). */
struct kernel_link *kernel__relink(struct kernel *kernel, enum kernel_program program,
				   const struct kernel_places *places, uint64_t cookie, pid_t pid,
				   const struct kernel_have *have);

#endif /* TTLOG_KERNEL_H */

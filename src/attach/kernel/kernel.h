/* SPDX-License-Identifier: MIT */
/*
 * The kernel side as the collector holds it: the loaded BPF programs, their maps, and links to
 * places in files.
 *
 * All state of the kernel side goes with the process that holds it: however the collector ends,
 * the kernel takes back the probes and the semaphores.
 */
#ifndef TTLOG_KERNEL_H
#define TTLOG_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kernel;
struct kernel_link;
struct kernel_places;
struct wire_process;
struct wire_ring;

struct kernel_options {
	size_t batches_bytes; /* ring buffer for batches: a power of two, at least a page */
	bool track_all;       /* record whoever has a probed file */
	bool follow_children; /* record the children of the recorded */
	bool all_stacks;      /* of a crash, those of other threads, too */
};

/* What an older kernel that has no kprobes either does not show: flags. */
enum kernel_gap {
	KERNEL_GAP_EXIT = 1, /* the last events of threads that end themselves */
	KERNEL_GAP_EXEC = 2, /* the last events before an exec */
};

/* Loads and hooks into the tracepoints. NULL with errno. */
struct kernel *kernel__new(const struct kernel_options *options);
void kernel__free(struct kernel *kernel);

/* Whether sites can be switched on here at all: 0 or -errno. */
int kernel__can_enable(const struct kernel *kernel);

/* Whether a link for one process is hit in all of its threads, and so may be made. */
bool kernel__can_filter(const struct kernel *kernel);

unsigned int kernel__gaps(const struct kernel *kernel);

int kernel__batches_fd(const struct kernel *kernel);
int kernel__lifecycle_fd(const struct kernel *kernel);
/* struct wire_load; for src/attach/launch/hold.c alone. */
int kernel__loads_fd(const struct kernel *kernel);
/* To read them, from now on; they stay the kernel's. */
void kernel__open_rings(struct kernel *kernel, struct wire_ring **ret_batches,
			struct wire_ring **ret_lifecycle);
/* Nothing is to come: the reader's memory of them goes, until something does. The thread that takes
 * from them. */
void kernel__rest(struct kernel *kernel);

int kernel__track(struct kernel *kernel, pid_t pid);
/* Forgets a process and its threads' batches, unless another one has its number by now. start_ns:
 * as the kernel stamps it, 0 unknown. */
void kernel__untrack(struct kernel *kernel, pid_t pid, uint64_t start_ns);
/* -ESRCH where another process has its number by now. */
int kernel__read_process(const struct kernel *kernel, pid_t pid, uint64_t start_ns,
			 struct wire_process *ret);
/*
 * Calls for each batch that a dead thread of the process could not hand in: its address, module and
 * the events that were ever in it.
 */
void kernel__each_left(const struct kernel *kernel, pid_t pid,
		       void (*each)(void *ctx, uint64_t address, uint32_t module, uint64_t events),
		       void *ctx);
/*
 * One after another of the processes that are followed, from 0 on. Where one is deleted meanwhile it
 * may begin again: some come twice.
 */
bool kernel__next_process(const struct kernel *kernel, pid_t *pid);
/* All of them; NULL without memory. To be freed. */
pid_t *kernel__list_processes(const struct kernel *kernel, size_t *ret_cnt);
int kernel__set_consumed(struct kernel *kernel, pid_t pid, uint64_t bytes);
/* A thread that has a batch from before the collector came. */
int kernel__register_batch(struct kernel *kernel, pid_t pid, pid_t tid, uint64_t address,
			   uint32_t module);
/*
 * A program that the calling process traces, and whose dynamic linker has yet to link it: where that
 * tells of libraries (KERNEL_LIBRARY), the program stops ahead of a signal that it will not see.
 * debug: address of its _r_debug, 0: unknown. 0 or -errno.
 */
int kernel__begin_linking(struct kernel *kernel, pid_t pid, uint64_t debug);
/* Whether its linker was seen adding libraries, and then that it was done; false for a debug of 0. */
bool kernel__has_linked(const struct kernel *kernel, pid_t pid);
void kernel__end_linking(struct kernel *kernel, pid_t pid);
/* How many BPF has ever begun to follow, counted when they can be found. */
uint64_t kernel__tracked_cnt(const struct kernel *kernel);
/* Processes that were not recorded because the table was full. */
uint64_t kernel__untracked_cnt(const struct kernel *kernel);

enum kernel_program {
	KERNEL_CONTROL,
	KERNEL_GATE,
	KERNEL_LIBRARY,
	KERNEL_START,
};

/* pid 0: in every process, present and future. cookie: what the program gets. NULL with errno. */
struct kernel_link *kernel__link(struct kernel *kernel, enum kernel_program program,
				 const struct kernel_places *places, uint64_t cookie, pid_t pid);

#endif /* TTLOG_KERNEL_H */

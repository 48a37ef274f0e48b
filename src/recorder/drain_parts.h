/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of drain: drain.c (the mailbox, and the thread), drain_take.c (ring buffers).
 */
#ifndef TTLOG_DRAIN_PARTS_H
#define TTLOG_DRAIN_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drain.h"
#include "kernel.h"
#include "pull.h"
#include "wire.h"

struct attached_process;
struct job;
struct recorder;
struct trigger_plan;
struct trigger_request;
struct wire_ring;

#define BACKLOG_MAX         (32u << 20)
#define MESSAGE_MAX         (2 * TTLOG_BATCH_MAX_BYTES) /* the largest is a batch and its head */
#define DRAIN_BACKLOG_BYTES (BACKLOG_MAX + MESSAGE_MAX)

/* How long to wait for messages that are being written, when all are needed. */
#define DRAIN_WHOLE_WAIT_NS 3000000000ull

/* Messages from `lifecycle`, one after another, each after its size and aligned to 8 bytes. */
struct backlog {
	char *bytes; /* room for BACKLOG_MAX and one more message */
	size_t len;
};

struct request_list {
	struct trigger_request *items[64];
	size_t cnt;
};

struct mailbox {
	pthread_mutex_t lock; /* of what follows; `filled` may be read without it */
	struct attached_process *attached, **last_attached;
	uint64_t posted_cnt, taken_cnt; /* of attached processes, ever */
	pthread_cond_t taken;           /* taken_cnt or `ended` has changed */
	bool ended;                     /* nothing is taken any more */
	struct job *jobs, **last_job;
	struct request_list requests;
	struct trigger_plan *plan; /* NULL: no new one */
	bool stopping, asked, command_ended;
	int filled; /* something is in it */
};

struct drain {
	struct drain_options options;
	struct recorder *recorder; /* of options */
	struct kernel_rings rings;
	struct backlog backlog;
	bool is_behind; /* not all could be taken */
	struct mailbox mailbox;
	struct pull_meanwhile meanwhile; /* empties all but `lifecycle` */
	int epoll_fd, event_fd;
	uint64_t round_bytes;
	uint64_t checked_ns;
	uint64_t rounds; /* relaxed: other threads look whether it grows */
	bool stopping;
	struct trigger_request *last_request;
	pthread_t thread;
	bool has_thread;
};

/* Takes the processes that were posted. */
void drain__take_attached(struct drain *drain);
/* Takes what the ring buffers have, and acts on it. */
void drain__take_all(struct drain *drain, uint64_t longest_ns);
/* All but `lifecycle`; whether that was all. ctx: the drain. */
bool drain__take_batches(void *ctx);

#endif /* TTLOG_DRAIN_PARTS_H */

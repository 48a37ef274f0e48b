/* SPDX-License-Identifier: MIT */
/*
 * Takes what drain.c reads from the kernel, message by message. Each of its parts does one thing
 * with recorded processes. Belongs to the drain thread.
 */
#ifndef TTLOG_RECORDER_H
#define TTLOG_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ends.h"
#include "foreign_batch.h"
#include "jobs.h"
#include "live_rounds.h"
#include "looks.h"
#include "processes.h"
#include "puller.h"
#include "stream_rounds.h"
#include "trigger_rounds.h"

struct call_names;
struct sched_message;
struct site_table;
struct status;
struct trigger_plan;
struct wire_batch;
struct wire_head;

/* The sites of the module that sent the last foreign event, and the batch that it goes to. */
struct event_sites {
	struct site_table *table; /* NULL: none */
	uint32_t module;
	struct foreign_batch batch;
};

struct recorder {
	struct recorder_options options;
	struct trigger_plan *own_plan; /* the one in options, if it is not the first */
	struct processes processes;
	struct puller puller;
	struct jobs jobs;
	struct live_rounds rounds;
	struct trigger_rounds triggers;
	struct stream_rounds streams;
	struct ends ends;
	struct looks looks;
	struct call_names *calls; /* NULL: without --sched */
	struct event_sites event_sites;
};

/* Sets options.job.boot_id. NULL with errno. */
struct recorder *recorder__new(const struct recorder_options *options);
void recorder__free(struct recorder *recorder);
/* From now on that plan counts; takes ownership. */
void recorder__set_plan(struct recorder *recorder, struct trigger_plan *plan);

/* Of a probe that is not ours. bytes: of the message. */
void recorder__take_event(struct recorder *recorder, const struct wire_event *message,
			  size_t bytes);
/* The same, one after another, of that thread: as event_chunks_take_fn. ctx: the recorder. */
void recorder__take_records(void *ctx, const struct wire_head *thread, const void *records,
			    size_t bytes);
/* All that the kernel had was taken: what take_event() kept is let go. */
void recorder__end_events(struct recorder *recorder);
void recorder__take_batch(struct recorder *recorder, const struct wire_batch *message);
/* From ring buffer `sched`. */
void recorder__take_sched(struct recorder *recorder, const struct sched_message *message);
/* Any other message. */
void recorder__take_message(struct recorder *recorder, const struct wire_head *head);
/* Whether a program's request makes a snapshot: otherwise no pull is needed first. */
bool recorder__heeds_request(const struct recorder *recorder, const struct wire_head *head);

/* A copy of its state, without the kernel's ring buffers. NULL without memory. */
struct status *recorder__status(const struct recorder *recorder, uint64_t now_ns);

#endif /* TTLOG_RECORDER_H */

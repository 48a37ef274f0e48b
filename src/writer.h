/* SPDX-License-Identifier: MIT */
/*
 * Writes snapshots in threads of its own, so that a slow disk never delays the draining. Two of them:
 * one waits for the disk or for a large program's debug information, the other goes on. Those of one
 * process are written one after another.
 *
 * A job owns all that it needs, but for the ring of a process that has ended, which nobody writes to
 * any more: it stays until the job is done, and is copied when it is its turn. So however many crash
 * at once, few are in memory twice.
 */
#ifndef TTLOG_WRITER_H
#define TTLOG_WRITER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"
#include "snapshot.h"

struct attach;
struct ring;
struct writer;

/* What a job was made for; the drain thread counts down a request's jobs. */
struct writer_job {
	struct snapshot_source source; /* points into what follows */
	struct ring_copy *events;      /* NULL: not yet copied */
	const struct ring *ring;       /* of a process that has ended; NULL: the events are there */
	struct snapshot_thread *threads;
	const struct site_table **modules;
	struct crash crash;
	char *service, *comm, *exe, *build_id, *reason;
	uint64_t start_ns;               /* with source.pid: which process */
	struct trigger_request *request; /* NULL: nobody waits for it */

	/* set by the writer */
	int err;
	uint64_t events_cnt, corrupt_cnt;
	char path[PATH_MAX];

	uint64_t bytes; /* of the copied events, as the queue has counted them */
	struct writer_job *next;
};

/* All owned memory too. NULL is fine. */
void writer_job__free(struct writer_job *job);

struct writer_options {
	struct attach *attach; /* for symbols of crash reports */
	const char *dir;
	size_t max_files; /* retention; 0: no limit */
	uint64_t max_bytes;
	/* from the writer's thread; takes ownership of the job */
	void (*done)(void *ctx, struct writer_job *job);
	void *ctx;
};

/* Makes the directory (0700) where it is not there. NULL with errno. */
struct writer *writer__new(const struct writer_options *options);
/* Whether a copy of so many bytes is more than may wait: the disk is too slow, or stuck. For an ended
 * process, whose ring is not copied: 0. */
bool writer__is_full(struct writer *writer, uint64_t bytes);
/* Takes ownership. */
void writer__submit(struct writer *writer, struct writer_job *job);
/* Writes what is queued first. NULL is fine. */
void writer__free(struct writer *writer);

#endif /* TTLOG_WRITER_H */

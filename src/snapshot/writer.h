/* SPDX-License-Identifier: MIT */
/*
 * Writes snapshots in threads of its own, so that a slow disk never delays the draining. Two of
 * them: one waits for the disk or for a large program's debug information, the other goes on. Those
 * of one process are written one after another.
 *
 * A job owns all that it needs, and has the ring frozen: however many crash at once, none is in
 * memory twice.
 */
#ifndef TTLOG_WRITER_H
#define TTLOG_WRITER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"
#include "snapshot.h"
#include "thread.h"

struct attach;
struct writer;

/* What a job was made for; the drain thread counts down a request's jobs. */
struct writer_job {
	struct snapshot_source source; /* points into what follows */
	struct ring_copy *events;
	struct thread *threads;
	struct site_table **modules; /* by number, as far as the process has them */
	struct crash crash;
	char *service, *comm, *exe, *build_id, *reason;
	uint64_t start_ns;               /* with source.pid: which process */
	struct trigger_request *request; /* NULL: nobody waits for it */

	bool is_last; /* nothing comes into the ring any more: what does not fit on the disk may be
		       * written in part, and is worth to be tried again */

	/* set by the writer */
	int err;
	uint64_t events_cnt, corrupt_cnt;
	char path[PATH_MAX]; /* of the file, if there is one, */
	uint64_t left_out;   /* and so many older events had no room in it, */
	bool has_part;       /* or had not, the last time: its file goes when all is written */
	uint64_t free_bytes; /* that the disk had when all had no room */
	bool is_resolved;    /* its crash has names */

	/* set by recorder_kept.c */
	unsigned int tries;
	uint64_t retry_ns; /* where it was not for lack of room */

	uint64_t bytes; /* that may have to be copied of the ring while it waits */
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
/* Whether one more job, for which so many bytes of a ring may have to be copied while it waits, is
 * too many: the disk is too slow, or stuck. */
bool writer__is_full(struct writer *writer, uint64_t bytes);
/* Of the disk; UINT64_MAX where it does not say. */
uint64_t writer__free_bytes(const struct writer *writer);
/* Takes ownership. One that was tried before, too. */
void writer__submit(struct writer *writer, struct writer_job *job);
/* Writes what is queued first. NULL is fine. */
void writer__free(struct writer *writer);

#endif /* TTLOG_WRITER_H */

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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attach;
struct job;
struct writer;

struct writer_options {
	struct attach *attach; /* for symbols of crash reports */
	const char *dir;
	size_t max_files; /* retention; 0: no limit */
	uint64_t max_bytes;
	/* from the writer's thread; takes ownership of the job */
	void (*done)(void *ctx, struct job *job);
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
void writer__submit(struct writer *writer, struct job *job);
/* Writes what is queued first. NULL is fine. */
void writer__free(struct writer *writer);

#endif /* TTLOG_WRITER_H */

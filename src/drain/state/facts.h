/* SPDX-License-Identifier: MIT */
/*
 * The file with what the next collector has to know of a process if this one is killed (journal.h).
 * lost.c reads it.
 *
 * A process without this file is recorded all the same, but can't be recovered.
 */
#ifndef TTLOG_FACTS_H
#define TTLOG_FACTS_H

#include <limits.h>
#include <stdint.h>

struct accounts;
struct anchor;
struct crash_ending;
struct process_id;
struct source;
struct thread;

struct facts {
	int fd;     /* -1: no file; then facts__add_*() do nothing */
	char *path; /* of the file, which facts__fini() removes; NULL: none, or it stays */
};

void facts__fini(struct facts *facts);
/* Leaves the file for the next collector. */
void facts__leave(struct facts *facts);
/* Makes the file in dir. 0 or -errno. */
int facts__open(struct facts *facts, const char *dir, const struct process_id *id);
/* Where the ring belongs: next to the facts. 0 or -ENAMETOOLONG. */
int facts__ring_path(const struct facts *facts, const char *dir, const struct process_id *id,
		     char ret[PATH_MAX]);

void facts__add_process(const struct facts *facts, const struct process_id *id);
/* The place in the file, or -1. */
int64_t facts__add_thread(const struct facts *facts, const struct thread *thread);
/* The thread at that place has ended: another one gets its number. 0 or -errno. */
int facts__replace_thread(const struct facts *facts, int64_t place, const struct thread *thread);
void facts__add_source(const struct facts *facts, const struct source *source);
void facts__add_anchor(const struct facts *facts, const struct anchor *anchor);
void facts__add_exec(const struct facts *facts, uint32_t exec, uint64_t emitted,
		     uint64_t suppressed);
void facts__add_settled(const struct facts *facts, const struct accounts *accounts);
/* How the process ended, if its last snapshot could not be written. 0 or -errno: then it can't be
 * recovered. */
int facts__add_kept(const struct facts *facts, const struct accounts *accounts,
		    const struct crash_ending *ending);

#endif /* TTLOG_FACTS_H */

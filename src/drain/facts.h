/* SPDX-License-Identifier: MIT */
/*
 * What the next collector has to know of a process should this one be killed: its file in the
 * journal's directory (journal.h). lost.c reads it.
 *
 * Failures are no reason not to record: what needs the record can't be recovered then.
 */
#ifndef TTLOG_FACTS_H
#define TTLOG_FACTS_H

#include <stdint.h>

struct accounts;
struct anchor;
struct crash_ending;
struct process;
struct source;
struct thread;

/* All that is known of a process, in a new file. The descriptor or -errno. */
int facts__open(const char *path, struct process *process);
/* fd as from facts__open(), or -1: then nothing is done. */
void facts__add_process(int fd, const struct process *process);
/* Where in the file it is, or -1. */
int64_t facts__add_thread(int fd, const struct thread *thread);
/* Its number is another thread's from now on. 0 or -errno. */
int facts__replace_thread(int fd, int64_t place, const struct thread *thread);
void facts__add_source(int fd, const struct source *source);
void facts__add_anchor(int fd, const struct anchor *anchor);
void facts__add_exec(int fd, uint32_t exec, uint64_t emitted);
void facts__add_settled(int fd, uint64_t emitted);
/* What a job could not write. 0 or -errno: then it can't be recovered. */
int facts__add_kept(int fd, const struct accounts *accounts, const struct crash_ending *ending);

#endif /* TTLOG_FACTS_H */

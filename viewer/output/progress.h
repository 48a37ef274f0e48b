/* SPDX-License-Identifier: MIT */
/*
 * The progress of reading: a line on stderr, if that is a terminal, for work of more than a second.
 * It is rewritten in place, and erased before other output.
 *
 * A thread asks the kernel how much this process has read. So no other code has to report progress,
 * even if one call takes long.
 */
#ifndef TTLOG_VIEW_PROGRESS_H
#define TTLOG_VIEW_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* `passes`: how many times the files will be read. Without files, the total is unknown. Without a
 * terminal, or without a thread, it does nothing. */
void progress__begin(char *const *files, size_t cnt, unsigned passes);
/* The same for files that come from other machines, until progress__end(): in bytes, as they come. */
void progress__begin_fetch(void);
void progress__fetched(uint64_t done, uint64_t total);
/* For other writers to stderr: erase the line; allow it again. */
void progress__hold(void);
void progress__release(void);
/* Erases it finally. May be called more than once. */
void progress__end(void);

#endif /* TTLOG_VIEW_PROGRESS_H */

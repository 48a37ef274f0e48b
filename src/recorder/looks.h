/* SPDX-License-Identifier: MIT */
/*
 * What was found in a process, its mappings, modules, batches, by a thread that may wait for its
 * files (attacher.h).
 */
#ifndef TTLOG_LOOKS_H
#define TTLOG_LOOKS_H

#include <stdbool.h>

struct attached_process;
struct ends;
struct process;
struct processes;

struct looks {
	struct processes *processes;
	struct ends *ends;
};

/* An attached process, or the answer to a look at a known one. */
void looks__take(struct looks *looks, struct attached_process *attached);
/* Reads the mappings of a crashing process at once: its memory is gone before another thread
 * gets to it. Returns whether they were found. */
bool looks__now(struct looks *looks, struct process *process);

#endif /* TTLOG_LOOKS_H */

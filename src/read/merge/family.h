/* SPDX-License-Identifier: MIT */
/*
 * Which snapshots are of one process. They get one clock.
 *
 * Each snapshot has its own pair of CLOCK_MONOTONIC and wall time. Pairs of different moments
 * disagree: measuring has errors, and the clock may be slewed or set. CLOCK_MONOTONIC is the same
 * in all files of a process, so all take the pair of the first one: else an event in two files
 * would have two times.
 */
#ifndef TTLOG_READ_FAMILY_H
#define TTLOG_READ_FAMILY_H

#include <stddef.h>

#include "reader.h"

/* Sets families[i] to the number of the first snapshot of the same process, and gives snapshot i
 * the clock of that one. If there are several, it scans all to their ends. */
void family__find(struct ttlog_snapshot *const *snapshots, size_t cnt, size_t *families);

#endif /* TTLOG_READ_FAMILY_H */

/* SPDX-License-Identifier: MIT */
/*
 * Which snapshots are of one process, and the one clock that they get.
 *
 * Each snapshot has its own pair of CLOCK_MONOTONIC and wall time. Pairs that were taken at
 * different moments disagree: by what was measured badly, by what the clock was slewed, by as much
 * as somebody set it. CLOCK_MONOTONIC is the same in all files of a process, so these take the pair
 * of the first one: else an event that is in two files would have two times.
 */
#ifndef TTLOG_READ_FAMILY_H
#define TTLOG_READ_FAMILY_H

#include <stddef.h>

#include "reader.h"

/* families[i] becomes the number of the first snapshot of the process of snapshot i, whose clock
 * snapshot i has from now on. Several are gone over to their ends. */
void family__find(struct ttlog_snapshot *const *snapshots, size_t cnt, size_t *families);

#endif /* TTLOG_READ_FAMILY_H */

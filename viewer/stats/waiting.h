/* SPDX-License-Identifier: MIT */
/*
 * --stats of files with waits (--sched): of the time of each kind of span, how much its threads were
 * on a CPU, and what they waited for. A span counts with all that is inside of it.
 */
#ifndef TTLOG_VIEW_WAITING_H
#define TTLOG_VIEW_WAITING_H

#include <stdbool.h>
#include <stddef.h>

#include "out.h"
#include <ttlog/read.h>

struct waiting;

/* 0 or -ENOMEM; *ret is NULL if no file has waits. The readers must stay. */
int waiting__new(struct ttlog_snapshot *const *readers, size_t reader_cnt, struct waiting **ret);
/* NULL is fine, here and below. */
void waiting__free(struct waiting *waiting);
/* Counts the events of a run; runs come in the order of time. Returns 0 or -ENOMEM. */
int waiting__run(struct waiting *waiting, const struct ttlog_run *run);
/* Prints the first `most` kinds, those with the most time first; nothing if no span has ended. */
void waiting__print(struct waiting *waiting, struct out *out, size_t most, bool json);

#endif /* TTLOG_VIEW_WAITING_H */

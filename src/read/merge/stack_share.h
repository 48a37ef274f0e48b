/* SPDX-License-Identifier: MIT */
/*
 * Stacks of events that two files of a process have. The first file shows such an event (known.h),
 * but only the other one may have its stack: a snapshot has the last ones, a stream all. And a segment
 * may have stacks of events in the one before.
 */
#ifndef TTLOG_READ_STACK_SHARE_H
#define TTLOG_READ_STACK_SHARE_H

struct ttlog_snapshot;

/* Gives `to` copies of the stacks of `from`, another file of the same process, as far as it has
 * their threads and sites and not these stacks. Both have identities. Without memory, or if there is
 * no room, it has them not. */
void stack_share__take(struct ttlog_snapshot *to, const struct ttlog_snapshot *from);

#endif /* TTLOG_READ_STACK_SHARE_H */

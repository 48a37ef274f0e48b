/* SPDX-License-Identifier: MIT */
/*
 * Real-time priorities of our threads that must run before the threads of the programs.
 */
#ifndef TTLOG_RT_PRIORITY_H
#define TTLOG_RT_PRIORITY_H

/* The lowest ones, which are enough. */
enum rt_priority {
	RT_PRIORITY_HELPER = 1, /* relieves the drain thread, and never delays it */
	RT_PRIORITY_DRAIN = 2,
};

/* For the calling thread. Without CAP_SYS_NICE it gets the best nice value that is allowed. */
void rt_priority__set(enum rt_priority priority);

#endif /* TTLOG_RT_PRIORITY_H */

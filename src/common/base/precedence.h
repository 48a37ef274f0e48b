/* SPDX-License-Identifier: MIT */
/*
 * Threads that come before those of all programs.
 */
#ifndef TTLOG_PRECEDENCE_H
#define TTLOG_PRECEDENCE_H

/* Real-time priorities, the lowest that do: */
enum precedence {
	PRECEDENCE_AHEAD = 1, /* does what the drain thread would have to, never in its way */
	PRECEDENCE_DRAIN = 2,
};

/* Of the calling thread. */
void precedence__take(enum precedence precedence);

#endif /* TTLOG_PRECEDENCE_H */

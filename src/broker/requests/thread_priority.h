/* SPDX-License-Identifier: MIT */
/*
 * Real-time priorities of our threads that must run before the threads of the programs.
 */
#ifndef TTLOG_THREAD_PRIORITY_H
#define TTLOG_THREAD_PRIORITY_H

struct broker_result;
struct broker_task;

/* The lowest ones, which are enough. */
enum thread_priority {
	THREAD_PRIORITY_HELPER = 1, /* relieves the drain thread, and never delays it */
	THREAD_PRIORITY_DRAIN = 2,
};

/* For the calling thread, and the one that serves it. Without CAP_SYS_NICE it gets the best nice value
 * that is allowed. */
void thread_priority__set(enum thread_priority priority);

/* Of a thread of the broker alone. */
void thread_priority__set_server(enum thread_priority priority);
/* The broker's side. args: the thread, the priority. */
int thread_priority__serve(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_THREAD_PRIORITY_H */

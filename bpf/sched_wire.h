/* SPDX-License-Identifier: MIT */
/*
 * Between bpf/sched.bpf.c (--sched) and the drain thread: what recorded threads waited for, their
 * major faults and their signals.
 */
#ifndef TTLOG_SCHED_WIRE_H
#define TTLOG_SCHED_WIRE_H

#include "wire.h"

/* Of a message; also the index of its site in the table of src/sched/sched_sites.c. */
enum sched_site {
	SCHED_OFF_CPU = 0,
	SCHED_MAJOR_FAULT = 1,
	SCHED_SIGNAL = 2,
};

#define SCHED_SITES 3

/* Why a thread left the CPU. */
enum sched_reason {
	SCHED_SLEEP = 0,     /* it waits for something: time, a file descriptor, a child */
	SCHED_LOCK = 1,      /* a futex or another lock, also one of the kernel */
	SCHED_DISK = 2,      /* the kernel counts it as I/O */
	SCHED_PREEMPTED = 3, /* it could run, but another thread did */
	SCHED_STOPPED = 4,   /* by a signal or a debugger */
};

#define SCHED_REASONS 5

/* What SCHED_OFF_CPU was woken from. */
enum sched_waker {
	SCHED_NO_WAKER = 0,  /* it was not woken, or that was not seen */
	SCHED_TASK = 1,      /* by a thread: `peer` */
	SCHED_SOFTIRQ = 2,   /* while `peer` ran, which may have caused it (a packet to loopback) */
	SCHED_INTERRUPT = 3, /* by a timer or a device */
};

#define SCHED_WAKERS 4

#define SCHED_NO_CALL -1

/* head.stamp_ns is its time: of SCHED_OFF_CPU, when it ended. */
struct sched_message {
	struct wire_head head;
	uint64_t duration_ns; /* SCHED_OFF_CPU */
	uint64_t address;     /* SCHED_MAJOR_FAULT: that was read or written */
	uint64_t ip;          /* SCHED_MAJOR_FAULT: of the instruction that did */
	int32_t call;         /* SCHED_OFF_CPU: number of the system call, or SCHED_NO_CALL */
	uint32_t cpu;         /* SCHED_OFF_CPU: on which it goes on */
	/* who woke it, who sent the signal; in the initial pid namespace, or, without a name, in
	 * that of the process. 0: nothing is known */
	uint32_t peer_pid, peer_tid;
	char peer_comm[16];
	int32_t signal;     /* SCHED_SIGNAL */
	uint8_t site;       /* enum sched_site */
	uint8_t reason;     /* enum sched_reason */
	uint8_t waker;      /* enum sched_waker */
	uint8_t is_handled; /* SCHED_SIGNAL: by a function of the program */
};

TTLOG_ABI_ASSERT(sizeof(struct sched_message) == 144, "a message is packed");

#endif /* TTLOG_SCHED_WIRE_H */

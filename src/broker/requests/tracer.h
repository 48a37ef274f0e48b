/* SPDX-License-Identifier: MIT */
/*
 * Traces threads by ptrace, which belongs to one thread of the broker: that of this tracer. It
 * stops threads and lets them run on. It changes nothing in them: neither memory nor registers, and
 * they get the signals that others sent them.
 *
 * The end of a tracer, in any way, lets all its threads go, which run on.
 */
#ifndef TTLOG_TRACER_H
#define TTLOG_TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct broker_call;
struct broker_result;
struct broker_task;
struct tracer;

/* A stop at the entry or exit of a system call, the same on all architectures. */
struct call_stop {
	bool is_entry;
	/* at the entry; number is UINT64_MAX if the call is of another architecture */
	uint64_t number;
	uint64_t args[6];
	bool failed; /* at the exit */
};

/* What waitpid() told of a thread, and what else is known of such a stop. */
struct tracer_stop {
	pid_t tid;
	int status;

	uint64_t blocked; /* PTRACE_EVENT_EXEC: its signal mask; all if unknown */
	pid_t child;      /* PTRACE_EVENT_FORK and _VFORK; 0: unknown */
	bool is_process;  /* PTRACE_EVENT_STOP: the first thread of its process */
	int code;         /* before a signal: si_code */
	bool has_code;
	struct call_stop call; /* TRACER_CALL_STOP */
	bool has_call;
};

/* WSTOPSIG() at a system call. */
#define TRACER_CALL_STOP (SIGTRAP | 0x80)

enum tracer_how {
	TRACER_RUN,         /* to the next event */
	TRACER_RUN_TO_CALL, /* or the next system call */
	TRACER_LISTEN,      /* its process is stopped: waits for SIGCONT */
	TRACER_LET_GO,
};

struct tracer_resume {
	pid_t tid; /* 0: none */
	enum tracer_how how;
	int sig; /* it gets it: the signal that it stopped for, or 0 */
};

/*
 * A thread whose system calls are of no interest, but for ptrace(): the broker lets it run on to the
 * next one by itself. A program that forks and execs makes some hundred of them.
 */
struct tracer_quiet {
	pid_t tid;
	uint32_t left; /* so many of its stops may pass; tracer__wait() subtracts those that did */
};

#define TRACER_MAX_QUIET 64u

struct tracer_wait {
	struct tracer_resume resume; /* first */
	pid_t tid;                   /* -1: any thread */
	bool is_patient;             /* waits; else ret->tid is 0 if there is nothing */
	struct tracer_quiet *quiet;
	size_t quiet_cnt; /* at most TRACER_MAX_QUIET */
};

/* NULL with errno. */
struct tracer *tracer__new(void);
/* Lets all go, and waits for that. NULL is fine. */
void tracer__free(struct tracer *tracer);

/* Without stopping it. 0 or -errno: -EPERM: another process traces it, or it does not load (see
 * broker_policy.loading_fd). */
int tracer__seize(struct tracer *tracer, pid_t tid);
/* It stops. 0 or -errno: it is not traced. */
int tracer__interrupt(struct tracer *tracer, pid_t tid);
/* It may have died: then its end is reported later. */
void tracer__resume(struct tracer *tracer, const struct tracer_resume *resume);
/* 0 or -errno: -ECHILD: there is no such thread; -EINTR: tracer__wake(). */
int tracer__wait(struct tracer *tracer, const struct tracer_wait *wait, struct tracer_stop *ret);
/* Interrupts its wait, if it waits now, and has started CMD. Another thread than that which waits.
 * 0 or -errno. */
int tracer__wake(const struct tracer *tracer);

/* For traced_command.c: a request to the thread of this tracer. */
int tracer__call(struct tracer *tracer, struct broker_call *call);

/* The broker's side. */
int tracer__serve_seize(const struct broker_task *task, struct broker_result *ret);
int tracer__serve_interrupt(const struct broker_task *task, struct broker_result *ret);
int tracer__serve_wait(const struct broker_task *task, struct broker_result *ret);
int tracer__serve_wake(const struct broker_task *task, struct broker_result *ret);
/* Of a child of the calling thread, which tracer__wake() can wake from now on. 0 or -errno. */
int tracer__begin(pid_t pid);

#endif /* TTLOG_TRACER_H */

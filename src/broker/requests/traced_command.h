/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect -- CMD`: starts CMD as a child of the broker, traced from before its exec.
 */
#ifndef TTLOG_TRACED_COMMAND_H
#define TTLOG_TRACED_COMMAND_H

#include <sys/types.h>

struct broker_result;
struct broker_task;
struct command_signals;
struct tracer;

struct traced_command {
	pid_t pid;
	int trace_err; /* -errno: it can't be traced, and runs untraced */
	int fd;        /* the caller owns it; if it is closed before `go`, the process ends */
};

/* A process that waits to exec argv. A strict policy has its own argv and signals, and starts it
 * once. 0 or -errno. */
int traced_command__start(struct tracer *tracer, char *const argv[],
			  const struct command_signals *signals, struct traced_command *ret);
/* Lets it exec. 0 or -errno: it has ended. */
int traced_command__go(int fd);
/* Waits for its exec. Its errno, or 0: it succeeded, or the process was killed. */
int traced_command__exec_error(int fd);

/* To the process that was started last; never to a later one with its pid. Any thread. 0 or
 * -errno. */
int traced_command__signal(int sig);

/* The broker's side. */
int traced_command__serve_start(const struct broker_task *task, struct broker_result *ret);
int traced_command__serve_signal(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_TRACED_COMMAND_H */

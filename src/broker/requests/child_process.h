/* SPDX-License-Identifier: MIT */
/*
 * Children of this program that parse what is most hostile (src/death/unwind_child.c,
 * src/attach/foreign/argument/argument_child.c). The broker starts them, so that each can become
 * another user than the recorder, and ends them.
 */
#ifndef TTLOG_CHILD_PROCESS_H
#define TTLOG_CHILD_PROCESS_H

#include <sys/types.h>

struct broker_result;
struct broker_task;

#define CHILD_PROCESS_NAME      "ttlog-unwind"
#define CHILD_PROCESS_OPTION    "--unwind-child"
#define ARGUMENT_PROCESS_NAME   "ttlog-arguments"
#define ARGUMENT_PROCESS_OPTION "--argument-child"

enum child_kind {
	CHILD_UNWIND = 0,
	CHILD_ARGUMENTS = 1,
};

struct child_process {
	pid_t pid;
	int socket; /* our end; messages stay apart */
};

/* Starts this program again with the option of that kind; the child's end of the socket is its
 * standard input. 0 or -errno. */
int child_process__start(struct child_process *child, enum child_kind kind);
/* Kills it, and closes the socket. */
void child_process__end(const struct child_process *child);

/* The broker's side. */
int child_process__serve_start(const struct broker_task *task, struct broker_result *ret);
int child_process__serve_end(const struct broker_task *task, struct broker_result *ret);

#endif /* TTLOG_CHILD_PROCESS_H */

/* SPDX-License-Identifier: MIT */
/*
 * The broker's side: what it may do for the recorder, and the thread that serves one connection.
 *
 * What the recorder says is not trusted: it parses what others wrote. So each request is checked
 * against the policy, and what a file or a memory contains is never interpreted beyond a few bytes
 * that tell what it is.
 */
#ifndef TTLOG_BROKER_SERVER_H
#define TTLOG_BROKER_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "broker_wire.h"

#define BROKER_MAX_PROGRAMS 8u

struct command_signals {
	sigset_t mask;     /* CMD starts with it: the collector's, before it blocked any signal */
	sigset_t defaults; /* the collector ignores these, CMD does not */
};

struct broker_policy {
	/* false: this process serves itself; nothing is checked */
	bool is_strict;
	/* memory of processes besides batches: to see how far a dynamic linker is */
	bool allows_memory;
	bool watches_path;                 /* -e PATH */
	pid_t client;                      /* the recorder */
	int programs[BROKER_MAX_PROGRAMS]; /* BPF programs that may be linked to places */
	size_t program_cnt;
	/*
	 * `-- CMD`: starts it, once, and traces. NULL: no process is traced or gets a signal. What
	 * the recorder can ask for writes no memory and no registers, and sends no signal but to
	 * CMD: a stopped thread gets the signal that it stopped for, or none.
	 */
	char *const *command;
	struct command_signals command_signals;
	/* A map that only BPF writes, with the threads that load libraries in programs that BPF
	 * follows: besides the descendants of CMD, only these may be traced (tracer__seize()). */
	int loading_fd;
	/* that files go to (output_dir.h); NULL: none do */
	const char *out_dir;
	gid_t group;               /* may read there; OUT_DIR_NO_GROUP: none */
	const char *shipped_state; /* of ttlog-ship (given_path.h); NULL: none */
};

/* One connection. */
struct broker_peer {
	const struct broker_policy *policy;
	int fd;
	void *shared; /* BROKER_SHARED_BYTES; NULL: not yet */
};

struct broker_task {
	struct broker_peer *peer;
	const struct broker_request *request;
	const char *payload; /* ends with a zero byte that does not count */
	size_t bytes;
	const int *fds;
	size_t fd_cnt;
};

struct broker_result {
	uint64_t value;
	int fd; /* is closed once it is sent; -1: none */
	size_t bytes;
	char payload[BROKER_PAYLOAD_BYTES];
};

/* 0 or -errno. ret starts with zeroes, and without a descriptor. */
typedef int (*broker_handler)(const struct broker_task *task, struct broker_result *ret);
/* By enum broker_op; NULL: there is no such request (src/broker/requests/handlers.c). */
extern const broker_handler broker_handlers[BROKER_OP_CNT];

/* Serves until the other end is closed; takes ownership of fd. */
void broker_server__serve(const struct broker_policy *policy, int fd);
/* The same in a thread of its own. 0 or -errno; then the caller still owns fd. */
int broker_server__start_thread(const struct broker_policy *policy, int fd);
/* The broker's process: takes connections from main_fd until its other end is closed. */
_Noreturn void broker_server__run(const struct broker_policy *policy, int main_fd);

#endif /* TTLOG_BROKER_SERVER_H */

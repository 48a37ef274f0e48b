/* SPDX-License-Identifier: MIT */
/*
 * The recorder's side of the broker: asks for what needs privileges that the recorder does not have.
 *
 * Each thread that asks has a connection of its own, and a thread of the broker serves it. So a file
 * on a server that does not answer, or a process that makes readers of its memory wait, holds up the
 * thread that asked, and no other. Without broker__start(), a thread of this process serves the
 * connection, with the privileges of this process.
 */
#ifndef TTLOG_BROKER_H
#define TTLOG_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker_wire.h"

struct broker_policy;

/*
 * Forks the broker, which keeps the privileges of this process and does what the policy allows. Only
 * while there is one thread. 0 or -errno.
 */
int broker__start(const struct broker_policy *policy);
/* Of the broker; of this process if there is none. */
pid_t broker__pid(void);
/* Readable: the broker has ended. -1: there is none. */
int broker__fd(void);
/* Ends it, and waits for that, a second at most. */
void broker__end(void);

struct broker_call {
	struct broker_request request;
	const void *payload;
	size_t payload_bytes;
	int fds[BROKER_MAX_FDS]; /* given along; the caller still owns them */
	size_t fd_cnt;

	/* the answer */
	void *ret; /* room for its payload; NULL: none */
	size_t ret_room, ret_bytes;
	uint64_t ret_value;
	int ret_fd; /* the caller's from now on; -1: none */
};

/* Waits for the answer. 0 or -errno: -EPIPE: the broker is gone. Any thread. */
int broker__call(struct broker_call *call);

/* A request with a path, whose answer is a text: as readlink(2), with a zero byte after it. The length or
 * -errno. Any thread. */
ssize_t broker__read_text(enum broker_op op, const char *path, char *ret, size_t room);

/* ---- with a limit of time: for process_memory.c ---- */

struct broker_connection;

/* Of this thread, made at the first use. NULL with errno. */
struct broker_connection *broker_connection__own(void);
/* The thread that serves it, in the broker's process. */
pid_t broker_connection__server(const struct broker_connection *connection);
/* BROKER_SHARED_BYTES that the answers to requests for memory are in. NULL with errno. */
void *broker_connection__shared(struct broker_connection *connection);
int broker_connection__ask(struct broker_connection *connection, const struct broker_call *call);
/* Whether an answer comes within that time. */
bool broker_connection__wait(struct broker_connection *connection, int ms);
/* After broker_connection__ask(). */
int broker_connection__take(struct broker_connection *connection, struct broker_call *call);
/* The thread gets another one at its next call. The caller has to free it. */
void broker_connection__leave(struct broker_connection *connection);
void broker_connection__free(struct broker_connection *connection);

#endif /* TTLOG_BROKER_H */

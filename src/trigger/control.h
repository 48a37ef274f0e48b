/* SPDX-License-Identifier: MIT */
/*
 * The control socket: how `ttlog-collect --trigger REASON` and `ttlog-view --follow` reach the
 * collectors that run.
 *
 * Each collector listens on control-PID.sock in the runtime directory. A client sends one request
 * and gets lines of text and a verdict; one that follows stays (live.h). Only root and the
 * collector's own user are listened to. No peer, whatever it sends or leaves unread, makes the
 * collector wait.
 */
#ifndef TTLOG_CONTROL_H
#define TTLOG_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "control_wire.h"

struct control;

struct control_request {
	uint64_t client; /* for control__reply() or control__take() */
	bool follows;    /* it wants events as they come, not a snapshot */

	/* a snapshot */
	uint32_t pid;                      /* 0: every process */
	char reason[CONTROL_REASON_BYTES]; /* never "" */

	/* events; valid until the next control__receive() */
	uint32_t format;    /* the newest that it reads */
	const char *filter; /* expressions, each zero-terminated, one behind the other */
	size_t filter_bytes;
};

/* Listens in dir, which is private, and takes away what killed collectors left in it. NULL with
 * errno: EADDRINUSE where a live collector has the name, from another pid namespace. */
struct control *control__new(const char *dir);
/* Takes the socket away; clients that wait are told nothing more. No other call may come at the
 * same time or later: end who replies first. NULL is fine. */
void control__free(struct control *control);

/* Readable when control__receive() has something to do. */
int control__fd(const struct control *control);

/* One thread. 1 with a request, 0 when there is none now, or -errno. Call it until it gives 0. */
int control__receive(struct control *control, struct control_request *ret_request);

/*
 * Sends that client the lines (NULL or "": none) and whether a snapshot was made, and closes. What
 * its socket has no room for yet control__receive() sends. Any thread. 0 or -errno: -ENOENT where the
 * client is gone.
 */
int control__reply(struct control *control, uint64_t number, const char *lines, bool done);

/* The client's descriptor, which is the caller's from now on; the client is forgotten. -ENOENT
 * where it is gone. Any thread. */
int control__take(struct control *control, uint64_t number);

struct control_trigger {
	const char *reason;  /* cut after 64 bytes */
	uint32_t pid;        /* 0: every process */
	unsigned timeout_ms; /* for each collector's answer */
};

/*
 * Asks every collector that listens in dir, and removes the sockets of dead ones. The snapshots'
 * paths go to out and errors to `errors`, one a line; what some collectors don't have is no error
 * where another has it. Returns 0 where a snapshot was made, else 1.
 */
int control__trigger(const char *dir, const struct control_trigger *trigger, FILE *out,
		     FILE *errors);

#endif /* TTLOG_CONTROL_H */

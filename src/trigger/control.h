/* SPDX-License-Identifier: MIT */
/*
 * The control socket: how `ttlog-collect --trigger REASON`, `ttlog-ctl` and `ttlog-view --follow`
 * reach the collectors that run.
 *
 * Each collector listens on control-PID.sock in the runtime directory. A client sends one request,
 * and gets lines of text and a verdict; a follower stays (live.h). control_rights.h says who may
 * ask what. The collector waits for no peer, whatever that sends or leaves unread: a client that
 * sends no request, or reads nothing of its answer, for 10 s is cut off.
 */
#ifndef TTLOG_CONTROL_H
#define TTLOG_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "control_wire.h"

struct control;
struct control_rights;

struct control_request {
	uint64_t client; /* for control__reply() or control__take() */
	enum control_request_kind kind;
	unsigned int rights; /* enum control_right, or-ed: what it may ask for */

	/* a snapshot, or a command */
	uint32_t pid;                      /* 0: every process */
	char reason[CONTROL_REASON_BYTES]; /* never "" */

	/* events; valid until the next control__receive() */
	uint32_t format;    /* the newest that it reads */
	const char *filter; /* expressions, each zero-terminated, one after another */
	size_t filter_bytes;

	/* a command; the texts are valid until the next control__receive() */
	enum control_command command; /* maybe one that is not known here */
	uint64_t for_ns;
	const char *texts[CONTROL_TEXT_CNT];
	size_t argument_bytes;
};

/* Listens in dir, which is private, and removes the sockets that killed collectors left there.
 * rights: must stay; NULL: only root and the own user may ask. NULL with errno: EADDRINUSE if a live
 * collector of another pid namespace has the name. */
struct control *control__new(const char *dir, const struct control_rights *rights);
/* Removes the socket. Clients that wait are told nothing more. No other call may come at the same
 * time or later: so first end the threads that reply. NULL is fine. */
void control__free(struct control *control);

/* Readable when control__receive() has something to do. */
int control__fd(const struct control *control);

/* One thread. 1 with a request, 0 when there is none now, or -errno. If control__fd() is readable
 * after that, call it again. */
int control__receive(struct control *control, struct control_request *ret_request);

/*
 * Sends that client the lines (NULL or "": none) and the verdict, done or not, and closes. If its
 * socket has no room, control__receive() sends the rest later. Any thread. 0 or -errno: -ENOENT
 * if the client is gone.
 */
int control__reply(struct control *control, uint64_t number, const char *lines, bool done);
/* The same with any verdict: CONTROL_WIRE_DONE, _FAILED or _USAGE. */
int control__answer(struct control *control, uint64_t number, const char *lines,
		    enum control_wire_kind verdict);

/* Hands the client's descriptor over to the caller, and forgets the client. -ENOENT if it is gone.
 * Any thread. */
int control__take(struct control *control, uint64_t number);

struct control_trigger {
	const char *reason;  /* cut after 64 bytes */
	uint32_t pid;        /* 0: every process */
	unsigned timeout_ms; /* for each collector's answer */
};

/*
 * Asks every collector that listens in dir, and removes the sockets of dead ones. The snapshots'
 * paths go to out and errors to `errors`, one a line. That a collector does not have the process is
 * no error if another one has it. Returns 0 if a snapshot was made, else 1.
 */
int control__trigger(const char *dir, const struct control_trigger *trigger, FILE *out,
		     FILE *errors);

#endif /* TTLOG_CONTROL_H */

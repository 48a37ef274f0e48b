/* SPDX-License-Identifier: MIT */
/*
 * A request for a snapshot, from any source: signal, timer, macro, control socket, crash.
 */
#ifndef TTLOG_TRIGGER_H
#define TTLOG_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRIGGER_REASON_BYTES 65

/* What --on lists. */
enum trigger_on {
	TRIGGER_ON_CRASH = 1,
	TRIGGER_ON_EXIT = 2,
	TRIGGER_ON_REQUEST = 4,
	TRIGGER_ON_KILLED = 8,
};

/* Reasons that only the collector gives. What a program or a user asks for has another one. */
#define TRIGGER_REASONS(X)                                                                         \
	X(CRASH, "crash")                                                                          \
	X(KILLED, "killed")                                                                        \
	X(EXIT, "exit")                                                                            \
	X(TIMER, "timer")                                                                          \
	X(REQUEST, "request")                                                                      \
	X(FILL, "fill")                                                                            \
	X(EVENT, "event")                                                                          \
	X(SLOW, "slow")                                                                            \
	X(SHUTDOWN, "shutdown")                                                                    \
	X(RECOVERED, "recovered")

enum trigger_reason {
#define X(name, text) TRIGGER_REASON_##name,
	TRIGGER_REASONS(X)
#undef X
	TRIGGER_REASON_CNT,
};

/* The built-in reason with that text; TRIGGER_REASON_REQUEST for all others. */
enum trigger_reason trigger_reason__find(const char *text);
/* The reason of a snapshot that a program or a user asks for: built-in ones get "user-" in front;
 * "" is "request". */
void trigger_reason__of_user(const char *text, char ret[TRIGGER_REASON_BYTES]);

struct trigger_request {
	char reason[TRIGGER_REASON_BYTES];
	uint32_t pid;      /* 0: every process */
	bool only_new;     /* not if nothing was recorded since the last one */
	uint32_t open_cnt; /* jobs not done yet, and 1 while they are being made */

	/* Takes the answer: a path or an error a line. Called once, in the drain thread. NULL:
	 * no client waits. */
	void (*answer)(struct trigger_request *request);
	void *ctx;
	char *text;
	size_t text_len;
	bool made; /* at least one snapshot is on disk */
};

/* NULL with errno. */
struct trigger_request *trigger_request__new(const char *reason, uint32_t pid, bool only_new);
void trigger_request__free(struct trigger_request *request);
void trigger_request__add_line(struct trigger_request *request, const char *line);

#endif /* TTLOG_TRIGGER_H */

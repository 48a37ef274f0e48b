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

/* The reason of a snapshot that a program or a user asks for. Those that only the collector gives
 * (snapshot_counts.h) get "user-" in front; "" is "request". */
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

	/* while it waits for --delay (trigger_rounds.h) */
	uint64_t due_ns;
	struct trigger_request *next;
};

/* NULL with errno. */
struct trigger_request *trigger_request__new(const char *reason, uint32_t pid, bool only_new);
void trigger_request__free(struct trigger_request *request);
void trigger_request__add_line(struct trigger_request *request, const char *line);

#endif /* TTLOG_TRIGGER_H */

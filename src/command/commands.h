/* SPDX-License-Identifier: MIT */
/*
 * Does what clients of the control socket command, one after another, in a thread of its own: so a
 * command that takes long delays neither the main thread nor the drain thread.
 */
#ifndef TTLOG_COMMANDS_H
#define TTLOG_COMMANDS_H

#include <stddef.h>
#include <stdint.h>

#include "control_wire.h"

struct attach;
struct commands;
struct control;
struct control_request;
struct drain;
struct site_filter;
struct status_board;

struct commands_options {
	struct control *control; /* gets the answers; NULL: no command will come */
	struct attach *attach;
	struct drain *drain;                   /* is asked for its status */
	struct status_board *board;            /* of the drain thread */
	const struct site_filter *site_filter; /* of the configuration */
};

/* NULL with errno. */
struct commands *commands__new(const struct commands_options *options);
/* Clients whose command is not done get no answer. NULL is fine. */
void commands__free(struct commands *commands);

/* The main thread: copies the request. Its client gets an answer at once if there are too many. */
void commands__take(struct commands *commands, const struct control_request *request);
/* The main thread: the configuration was read again. What ttlog-ctl has changed for good is over.
 * base: takes ownership; NULL: it has the same level and filters as before. */
void commands__rebase(struct commands *commands, struct site_filter *base);
/* The main thread: answers when all commands before are done. Copies the text. */
void commands__answer(struct commands *commands, uint64_t client, const char *text,
		      enum control_wire_kind verdict);
/* Any thread, and it waits for none: there may be new processes. */
void commands__notice(struct commands *commands);

#endif /* TTLOG_COMMANDS_H */

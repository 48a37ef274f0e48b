/* SPDX-License-Identifier: MIT */
/*
 * Does what clients of the control socket command, one after another, in a thread of its own: so a
 * command that takes long delays neither the main thread nor the drain thread.
 */
#ifndef TTLOG_COMMANDS_H
#define TTLOG_COMMANDS_H

struct commands;
struct control;
struct control_request;
struct drain;
struct status_board;

struct commands_options {
	struct control *control;    /* gets the answers */
	struct drain *drain;        /* is asked for its status */
	struct status_board *board; /* of the drain thread */
};

/* NULL with errno. */
struct commands *commands__new(const struct commands_options *options);
/* Clients whose command is not done get no answer. NULL is fine. */
void commands__free(struct commands *commands);

/* The main thread: copies the request. Its client gets an answer at once if there are too many. */
void commands__take(struct commands *commands, const struct control_request *request);

#endif /* TTLOG_COMMANDS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Messages that JetStream has to acknowledge, several on their way at a time. An acknowledgement says
 * that a quorum of servers has the message, not that it is on a disk.
 *
 *	ack_window__begin(window);
 *	for each: ack_window__publish(window, ...)
 *	ack_window__finish(window, ...)
 *
 * Or, to do something else meanwhile: ack_window__poll() until ack_window__waiting() is 0.
 * After an error it is not known which messages are there. Used by the thread of its link.
 */
#ifndef TTLOG_ACK_WINDOW_H
#define TTLOG_ACK_WINDOW_H

#include <stddef.h>

#include "fleet_error.h"
#include "nats_link.h"

struct ack_window;

/* max: messages on their way. The link outlives it. NULL: errno. */
struct ack_window *ack_window__new(struct nats_link *link, unsigned int max,
				   struct fleet_error *error);
void ack_window__free(struct ack_window *window);

/* Forgets what is on its way. */
void ack_window__begin(struct ack_window *window);

/* Waits while the window is full. header: NULL, or the name of one with a value. 0, or -errno of this
 * message or of one before it: -ENOSPC: a limit of the server; -EHOSTUNREACH: no stream takes it now;
 * -ETIMEDOUT: no acknowledgement; -ENOTCONN. */
int ack_window__publish(struct ack_window *window, const char *subject, const char *header,
			const char *value, const void *data, size_t bytes,
			struct fleet_error *error);

/* Takes the answers that have come. 0, or -errno as ack_window__publish(). */
int ack_window__poll(struct ack_window *window, struct fleet_error *error);
/* How many answers have not come. */
unsigned int ack_window__waiting(const struct ack_window *window);

/* Waits until all are acknowledged. */
int ack_window__finish(struct ack_window *window, struct fleet_error *error);

#endif /* TTLOG_ACK_WINDOW_H */

/* SPDX-License-Identifier: MIT */
/* Reaching the collectors that run: for whoever is a client of the control socket. */
#ifndef TTLOG_CONTROL_DIAL_H
#define TTLOG_CONTROL_DIAL_H

#include <stddef.h>

#define CONTROL_DIAL_MAX        64 /* collectors */
#define CONTROL_DIAL_NAME_BYTES 64

struct control_dial {
	const void *request; /* what each is asked */
	size_t request_len;
	unsigned timeout_ms; /* for each, to take it */
	/* Of one that was asked: takes the connection, on which sending waits no longer than that;
	 * or why it could not be. */
	void (*reached)(void *ctx, const char *name, int fd, int err);
	void *ctx;
};

/* Asks every collector that listens in the directory, and removes the sockets of dead ones. 0, or
 * -errno where the directory can't be read. */
int control_dial__all(int dir_fd, const struct control_dial *dial);
/* The same for what is of that name there; nothing where that is no collector's. */
void control_dial__one(int dir_fd, const char *name, const struct control_dial *dial);

#endif /* TTLOG_CONTROL_DIAL_H */

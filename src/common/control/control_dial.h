/* SPDX-License-Identifier: MIT */
/* Connects to the running collectors, for clients of the control socket. */
#ifndef TTLOG_CONTROL_DIAL_H
#define TTLOG_CONTROL_DIAL_H

#include <stdbool.h>
#include <stddef.h>

#define CONTROL_DIAL_MAX        64 /* collectors */
#define CONTROL_DIAL_NAME_BYTES 64

struct control_dial {
	const void *request; /* the request to each */
	size_t request_len;
	unsigned timeout_ms; /* for each, to accept it */
	/* For each collector: takes the connection, on which sending waits at most timeout_ms; or
	 * err: why it failed. */
	void (*reached)(void *ctx, const char *name, int fd, int err);
	void *ctx;
};

/* Asks every collector that listens in the directory, and removes the sockets of dead ones. 0, or
 * -errno: the directory can't be read. */
int control_dial__all(int dir_fd, const struct control_dial *dial);
/* The same for the socket of that name; does nothing if it is not a collector's. Returns
 * whether a collector took the request. */
bool control_dial__one(int dir_fd, const char *name, const struct control_dial *dial);

#endif /* TTLOG_CONTROL_DIAL_H */

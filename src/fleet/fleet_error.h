/* SPDX-License-Identifier: MIT */
/* What failed, on what and why, in one line for the user. Functions of this room return 0, or -errno
 * and such a line. */
#ifndef TTLOG_FLEET_ERROR_H
#define TTLOG_FLEET_ERROR_H

#include <nats/nats.h>

#define FLEET_ERROR_BYTES 512

struct fleet_error {
	char text[FLEET_ERROR_BYTES]; /* without a program's name and a newline */
};

/* Return err, which is negative. */
int fleet_error__set(struct fleet_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * After a call of libnats in this thread: "WHAT: its reason". code: of JetStream, or 0.
 * -ENOTCONN: the connection is lost; -EHOSTUNREACH: no server answers for it now, as without a leader;
 * -ENOSPC: a limit of the server; -ETIMEDOUT, -ENOENT, -EACCES, -EEXIST, -ENOMEM; else -EIO.
 */
int fleet_error__of_nats(struct fleet_error *error, natsStatus status, int code, const char *format,
			 ...) __attribute__((format(printf, 4, 5)));

/* Of a JetStream error that came as a message. */
int fleet_error__of_code(int code);

#endif /* TTLOG_FLEET_ERROR_H */

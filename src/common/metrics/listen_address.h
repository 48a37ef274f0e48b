/* SPDX-License-Identifier: MIT */
/*
 * Where --metrics listens: ADDR:PORT, [IPv6]:PORT, :PORT or PORT. Without an address it is
 * 127.0.0.1, so that another one is always a choice.
 */
#ifndef TTLOG_LISTEN_ADDRESS_H
#define TTLOG_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct listen_address {
	struct sockaddr_storage bytes;
	socklen_t len; /* 0: nothing is listened to */
};

/* Room for a printed address. */
#define LISTEN_ADDRESS_BYTES 64

/* Numbers only: a name would be looked up, which may hang. 0, -EINVAL: it has not that form,
 * -ERANGE: the port is not 1 to 65535. After an error ret is untouched. */
int listen_address__parse(const char *text, struct listen_address *ret);
/* As http:// would have it. */
void listen_address__print(const struct listen_address *address, char ret[LISTEN_ADDRESS_BYTES]);
/* Whether only this machine can reach it. */
bool listen_address__is_loopback(const struct listen_address *address);
/* A socket that listens there, and blocks no one. A descriptor, or -errno. */
int listen_address__open(const struct listen_address *address);
/* What a user may do about that error, after a text of it; "": nothing is known. */
const char *listen_address__advice(int err);

#endif /* TTLOG_LISTEN_ADDRESS_H */

/* SPDX-License-Identifier: MIT */
/* The start of each command: rights go before anything comes from a server; then connections. */
#ifndef TTLOG_CLIENT_H
#define TTLOG_CLIENT_H

#include "client_options.h"
#include "nats_link.h"

/* Gives up all rights but to write in that directory (NULL: none), and to connect. 0, or the exit status
 * after a line on stderr. */
int client__begin(const struct client_options *options, const char *written);

/* NULL: it was said why. */
struct nats_link *client__connect(const struct client_options *options,
				  const struct client_url *url);

/* "ttlog-fleet: WHAT: WHY" on stderr; both may be of others. */
void client__say(const char *what, const char *why);

#endif /* TTLOG_CLIENT_H */

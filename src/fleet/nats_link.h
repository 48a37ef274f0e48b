/* SPDX-License-Identifier: MIT */
/*
 * A connection to one of a cluster's servers, with JetStream. It is used by one thread at a time.
 *
 * It never comes back by itself: when it is lost, each call fails with -ENOTCONN, and the owner closes
 * it and opens another one when it likes. So nothing waits in memory for a server that is gone.
 */
#ifndef TTLOG_NATS_LINK_H
#define TTLOG_NATS_LINK_H

#include <nats/nats.h>

#include "fleet_url.h"
#include "login_files.h"

#define NATS_LINK_INBOX_BYTES 320
#define NATS_LINK_WAIT_MS     5000 /* for an answer, and for a server to take a connection */

/* With tls_ca or tls_cert the connection must be encrypted;
 * else it is if the server wants that. Then the server's certificate must be for the HOST of the URL,
 * and by tls_ca, or an authority of the system. */
struct nats_link_options {
	const struct fleet_server *servers;
	size_t server_cnt;
	const char *name; /* that the server's lists show */
	const char
		*inbox; /* what answers come below: permissions can be bound to it; NULL: _INBOX */
	struct login_files login;
};

struct nats_link {
	natsConnection *connection;
	jsCtx *js;
	char server[256 + 8]; /* HOST:PORT */
	char inbox[NATS_LINK_INBOX_BYTES];
};

/* Whether the files can be read and fit: -EINVAL with a line for the user, or -ENOMEM. */
int nats_link__check(const struct nats_link_options *options, struct fleet_error *error);

/* Tries one server after another, beginning with any. NULL: errno, and a line that names them. Also
 * -EPROTO: the server has no JetStream. */
struct nats_link *nats_link__open(const struct nats_link_options *options,
				  struct fleet_error *error);
void nats_link__close(struct nats_link *link);

/* A server that does not permit something says so, and does not answer the request: if err is
 * -ETIMEDOUT and it has, -EACCES with what it said; else err. */
int nats_link__judge(const struct nats_link *link, int err, struct fleet_error *error);

/* Soon after it was lost. */
bool nats_link__is_lost(const struct nats_link *link);

#endif /* TTLOG_NATS_LINK_H */

/* SPDX-License-Identifier: MIT */
/*
 * Where a fleet's files are, as a URL:
 *   nats://HOST[:PORT][,HOST[:PORT]...]/BUCKET[?host=GLOB&service=GLOB&reason=GLOB&since=TIME]
 * A HOST is a name, an address, or an IPv6 address in brackets. In a value of the query %XX is a byte.
 */
#ifndef TTLOG_FLEET_URL_H
#define TTLOG_FLEET_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet_error.h"
#include "time_expr.h"

#define FLEET_URL_SCHEME       "nats://"
#define FLEET_URL_PORT         4222
#define FLEET_URL_MAX_SERVERS  32
#define FLEET_URL_BUCKET_BYTES 128 /* with the zero */

struct fleet_server {
	const char *host; /* without brackets */
	uint16_t port;
};

struct fleet_url {
	char *text; /* all pointers here point into it */
	struct fleet_server servers[FLEET_URL_MAX_SERVERS];
	size_t server_cnt;
	const char *bucket;                  /* "": none is named */
	const char *host, *service, *reason; /* globs; "": all */
	bool has_since;
	struct time_expr since; /* "the last event" in it means now */
};

/* What a URL may or must have. */
enum fleet_url_part {
	FLEET_URL_BUCKET = 1, /* must be there; else it may be missing */
	FLEET_URL_QUERY = 2,  /* may be there; else it is refused */
};

/* parts: enum fleet_url_part, or-ed. 0; -EINVAL with a line for the user; -ENOMEM. */
int fleet_url__parse(struct fleet_url *ret, const char *text, unsigned int parts,
		     struct fleet_error *error);
void fleet_url__fini(struct fleet_url *url);

#endif /* TTLOG_FLEET_URL_H */

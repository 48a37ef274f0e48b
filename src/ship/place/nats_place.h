/* SPDX-License-Identifier: MIT */
/* nats://: a bucket of JetStream's Object Store, and a stream of messages that says what is in it. */
#ifndef TTLOG_NATS_PLACE_H
#define TTLOG_NATS_PLACE_H

#include "ack_window.h"
#include "bucket.h"
#include "index_stream.h"
#include "nats_link.h"
#include "place.h"

#define NATS_PLACE_INBOX_BYTES (FLEET_NAME_BYTES + 8)

struct nats_place {
	struct place base; /* first */
	struct nats_link_options link_options;
	char inbox[NATS_PLACE_INBOX_BYTES];
	struct nats_link *link;           /* NULL: not connected */
	struct ack_window *window;        /* of the file that is on its way */
	struct ack_window *urgent_window; /* of a crash that came meanwhile */
	struct bucket bucket;
	struct index_stream index;
};

extern const struct place_ops nats_place__ops;

/* How to connect as this host: what a server answers comes below its own name, so that permissions can
 * keep others away from it. All stays the caller's. */
struct nats_link_options nats_place__link_options(const struct fleet_url *url,
						  const struct place_options *options,
						  const char *host,
						  char inbox[NATS_PLACE_INBOX_BYTES]);

#endif /* TTLOG_NATS_PLACE_H */

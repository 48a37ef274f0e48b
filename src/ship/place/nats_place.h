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
/* While a quorum has not yet acknowledged all of a file, others are read and sent. */
#define NATS_PLACE_UNDER_WAY   8

/* What is acknowledged last of a file that is under way. */
enum nats_stage {
	NATS_STAGE_CHUNKS, /* or they are still put */
	NATS_STAGE_META,
	NATS_STAGE_INDEX,
};

/* A file that is on its way. */
struct nats_slot {
	struct ack_window *window; /* its own; NULL: it was never used */
	struct place_file *file;   /* NULL: the slot is free */
	uint64_t number;           /* counts up */
	bool is_under_way;         /* else its chunks are still put */
	enum nats_stage stage;
	struct object_meta meta;
};

struct nats_place {
	struct place base; /* first */
	struct nats_link_options link_options;
	char inbox[NATS_PLACE_INBOX_BYTES];
	struct nats_link *link; /* NULL: not connected */
	struct bucket bucket;
	struct index_stream index;
	/* and a large file whose chunks are put, and a crash that came meanwhile */
	struct nats_slot slots[NATS_PLACE_UNDER_WAY + 2];
	uint64_t next_number;
	bool asks_no_leader; /* what it is permitted does not include that */
};

extern const struct place_ops nats_place__ops;

/* How to connect as this host: what a server answers comes below its own name, so that permissions can
 * keep others away from it. All stays the caller's. */
struct nats_link_options nats_place__link_options(const struct fleet_url *url,
						  const struct place_options *options,
						  const char *host,
						  char inbox[NATS_PLACE_INBOX_BYTES]);

#endif /* TTLOG_NATS_PLACE_H */

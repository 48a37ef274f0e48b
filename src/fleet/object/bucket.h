/* SPDX-License-Identifier: MIT */
/*
 * A bucket of JetStream's Object Store: the stream OBJ_BUCKET, which has chunks on $O.BUCKET.C.* and
 * for each object a message on $O.BUCKET.M.* that says what it is.
 */
#ifndef TTLOG_BUCKET_H
#define TTLOG_BUCKET_H

#include <stddef.h>

#include "fleet_url.h"
#include "nats_link.h"

#define BUCKET_STREAM_BYTES (FLEET_URL_BUCKET_BYTES + 8)

struct bucket {
	struct nats_link *link;
	char name[FLEET_URL_BUCKET_BYTES];
	char stream[BUCKET_STREAM_BYTES];
	unsigned int replicas; /* that it has */
};

/* replicas: makes a bucket that is not there, with so many; 0: -ENOENT then. Also -EINVAL: it is
 * there, but has not what is needed. The link outlives it. */
int bucket__open(struct bucket *ret, struct nats_link *link, const char *name,
		 unsigned int replicas, struct fleet_error *error);

/* Deletes the chunks of an object that is there no more, or is there under another nuid. */
int bucket__purge_chunks(const struct bucket *bucket, const char *nuid, struct fleet_error *error);

#endif /* TTLOG_BUCKET_H */

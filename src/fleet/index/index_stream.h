/* SPDX-License-Identifier: MIT */
/*
 * The index of a bucket: for each object one message that says what it is about, in the stream
 * TTLOG_INDEX_BUCKET over ttlog.index.BUCKET.>, one message a subject.
 */
#ifndef TTLOG_INDEX_STREAM_H
#define TTLOG_INDEX_STREAM_H

#include "fleet_url.h"
#include "nats_link.h"

#define INDEX_STREAM_BYTES (FLEET_URL_BUCKET_BYTES + 16)

struct index_stream {
	struct nats_link *link;
	char bucket[FLEET_URL_BUCKET_BYTES];
	char name[INDEX_STREAM_BYTES];
};

/* As bucket__open(). */
int index_stream__open(struct index_stream *ret, struct nats_link *link, const char *bucket,
		       unsigned int replicas, struct fleet_error *error);

/* Whether there is a message on that subject: 0, -ENOENT, or -errno of the connection. */
int index_stream__look(const struct index_stream *index, const char *subject,
		       struct fleet_error *error);
/* The same, as the leader of the stream has it: that is never behind. */
int index_stream__look_at_leader(const struct index_stream *index, const char *subject,
				 struct fleet_error *error);

#endif /* TTLOG_INDEX_STREAM_H */

/* SPDX-License-Identifier: MIT */
/* All messages of a stream, by an ordered consumer: libnats makes it again where it left off if a
 * message is missing. */
#ifndef TTLOG_STREAM_MESSAGES_H
#define TTLOG_STREAM_MESSAGES_H

#include "nats_link.h"

struct stream_messages {
	struct nats_link *link;
	const char *stream;
	const char *subject; /* which; with wildcards */
	const char *what;    /* in errors: "bucket NAME" */
};

/* The last message of each subject that is there when it begins, in the order in which they came.
 * each: 0, or -errno, which ends it. */
int stream_messages__each(const struct stream_messages *messages,
			  int (*each)(void *ctx, natsMsg *message), void *ctx,
			  struct fleet_error *error);

#endif /* TTLOG_STREAM_MESSAGES_H */

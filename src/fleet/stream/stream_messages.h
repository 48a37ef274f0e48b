/* SPDX-License-Identifier: MIT */
/* All messages of a stream, by an ordered consumer: libnats makes it again where it left off if a
 * message is missing. */
#ifndef TTLOG_STREAM_MESSAGES_H
#define TTLOG_STREAM_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "nats_link.h"

struct stream_messages {
	struct nats_link *link;
	const char *stream;
	const char *subject;     /* which; with wildcards */
	const char *what;        /* in errors: "bucket NAME" */
	bool is_headers_only;    /* messages come without their payload */
	bool is_one_per_subject; /* the stream keeps one: so the server need not look for the last */
};

/* The last message of each subject that is there when it begins, in the order in which they came.
 * each: 0, or -errno, which ends it; stored_ns: when the server took it, since 1970. */
int stream_messages__each(const struct stream_messages *messages,
			  int (*each)(void *ctx, natsMsg *message, uint64_t stored_ns), void *ctx,
			  struct fleet_error *error);

#endif /* TTLOG_STREAM_MESSAGES_H */

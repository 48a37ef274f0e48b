/* SPDX-License-Identifier: MIT */
/* A stream of JetStream that is found, or made as it is wanted. */
#ifndef TTLOG_LINK_STREAM_H
#define TTLOG_LINK_STREAM_H

#include "nats_link.h"

/* Finds the stream of that name; if it is not there, makes it if wanted->Replicas is not 0. 0, and the
 * caller destroys *ret; -ENOENT; -EINVAL: this server can't keep so many replicas. what: in errors. */
int link_stream__open(struct nats_link *link, const char *what, jsStreamConfig *wanted,
		      jsStreamInfo **ret, struct fleet_error *error);

#endif /* TTLOG_LINK_STREAM_H */

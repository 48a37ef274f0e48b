/* SPDX-License-Identifier: MIT */
/*
 * A request to a strict broker, without its process.
 */
#ifndef TTLOG_TESTS_SERVED_H
#define TTLOG_TESTS_SERVED_H

#include <string.h>
#include <unistd.h>

#include "broker_server.h"

struct served {
	struct broker_policy policy;
	struct broker_request request;
	const void *payload;
	size_t bytes;
	int fds[BROKER_MAX_FDS];
	size_t fd_cnt;
	void *shared;
	struct broker_result result;
};

/* What it answers; a descriptor is closed. */
static inline int served__ask(struct served *served, broker_handler handler)
{
	char payload[BROKER_PAYLOAD_BYTES + 1] = "";
	struct broker_peer peer = { .policy = &served->policy, .shared = served->shared };
	const struct broker_task task = { &peer,         &served->request, payload,
					  served->bytes, served->fds,      served->fd_cnt };
	int err;

	served->policy.is_strict = true;
	if (served->bytes)
		memcpy(payload, served->payload, served->bytes);
	served->result.fd = -1;
	err = handler(&task, &served->result);
	if (served->result.fd >= 0)
		(void)close(served->result.fd);
	return err;
}

#endif /* TTLOG_TESTS_SERVED_H */

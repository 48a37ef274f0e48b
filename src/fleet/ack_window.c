/* SPDX-License-Identifier: MIT */
/*
 * Each message has a subject of its own for its answer, PREFIX.ROUND.NUMBER, and all answers come to
 * one subscription, which this thread empties. libnats has asynchronous publishes, too, but keeps a copy
 * of each message, and its handlers run in another thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ack_window.h"

#define SUBJECT_BYTES (NATS_LINK_INBOX_BYTES + 96)

struct ack_window {
	struct nats_link *link;
	natsSubscription *answers;
	char prefix[SUBJECT_BYTES - 48];
	uint64_t round;           /* answers to earlier ones are dropped */
	unsigned int sent, acked; /* in this round */
	unsigned int max;
};

static natsStatus subscribe(struct ack_window *window)
{
	char subject[SUBJECT_BYTES];
	uint64_t random;
	natsStatus status;

	randombytes_buf(&random, sizeof(random));
	(void)snprintf(window->prefix, sizeof(window->prefix), "%s.%016" PRIx64,
		       window->link->inbox, random);
	(void)snprintf(subject, sizeof(subject), "%s.*.*", window->prefix);
	status = natsConnection_SubscribeSync(&window->answers, window->link->connection, subject);
	/* the other servers of a cluster know of it, too, before the first message */
	if (status == NATS_OK)
		status = natsConnection_FlushTimeout(window->link->connection, NATS_LINK_WAIT_MS);
	return status;
}

struct ack_window *ack_window__new(struct nats_link *link, unsigned int max,
				   struct fleet_error *error)
{
	struct ack_window *window = calloc(1, sizeof(*window));
	natsStatus status;

	if (!window) {
		errno = -fleet_error__set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	window->link = link;
	window->max = max;
	status = subscribe(window);
	if (status == NATS_OK)
		return window;
	errno = -fleet_error__of_nats(error, status, 0, "%s", link->server);
	ack_window__free(window);
	return NULL;
}

void ack_window__free(struct ack_window *window)
{
	if (!window)
		return;
	natsSubscription_Destroy(window->answers);
	free(window);
}

unsigned int ack_window__waiting(const struct ack_window *window)
{
	return window->sent - window->acked;
}

void ack_window__begin(struct ack_window *window)
{
	window->round++;
	window->sent = window->acked = 0;
}

/* Of the server at the other end, which may be anything. */
static int judge(const char *text, size_t len, struct fleet_error *error)
{
	json_t *answer = json_loadb(text, len, 0, NULL);
	json_t *failed = json_object_get(answer, "error");
	const char *why = json_string_value(json_object_get(failed, "description"));
	const int code = (int)json_integer_value(json_object_get(failed, "err_code"));
	int err = 0;

	if (failed)
		err = fleet_error__set(error, fleet_error__of_code(code), "the server says: %s",
				       why ? why : "an error without a description");
	else if (!json_is_integer(json_object_get(answer, "seq")))
		err = fleet_error__set(error, -EPROTO, "the answer is no acknowledgement");
	json_decref(answer);
	return err;
}

static int take(struct ack_window *window, natsMsg *answer, struct fleet_error *error)
{
	const char *tail = natsMsg_GetSubject(answer) + strlen(window->prefix);
	uint64_t round;

	if (sscanf(tail, ".%" SCNu64, &round) != 1 || round != window->round)
		return 0;
	window->acked++;
	if (natsMsg_IsNoResponders(answer))
		return fleet_error__set(error, -EHOSTUNREACH,
					"%s: no stream takes it now: is a majority of the "
					"servers up?",
					window->link->server);
	return judge(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer), error);
}

/* At least one more answer, if it comes in time. */
static int wait_one(struct ack_window *window, struct fleet_error *error)
{
	natsMsg *answer;
	natsStatus status = natsSubscription_NextMsg(&answer, window->answers, NATS_LINK_WAIT_MS);
	int err;

	if (status == NATS_TIMEOUT)
		return nats_link__judge(
			window->link,
			fleet_error__set(error, -ETIMEDOUT,
					 "%s: no acknowledgement for %d s: is a majority of the "
					 "servers up?",
					 window->link->server, NATS_LINK_WAIT_MS / 1000),
			error);
	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "%s", window->link->server);
	err = take(window, answer, error);
	natsMsg_Destroy(answer);
	return err;
}

int ack_window__publish(struct ack_window *window, const char *subject, const char *header,
			const char *value, const void *data, size_t bytes,
			struct fleet_error *error)
{
	char reply[SUBJECT_BYTES];
	natsMsg *message = NULL;
	natsStatus status;
	int err = 0;

	while (!err && ack_window__waiting(window) >= window->max)
		err = wait_one(window, error);
	if (err)
		return err;
	(void)snprintf(reply, sizeof(reply), "%s.%" PRIu64 ".%u", window->prefix, window->round,
		       window->sent);
	status = natsMsg_Create(&message, subject, reply, data, (int)bytes);
	if (status == NATS_OK && header)
		status = natsMsgHeader_Set(message, header, value);
	if (status == NATS_OK)
		status = natsConnection_PublishMsg(window->link->connection, message);
	natsMsg_Destroy(message);
	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "%s", window->link->server);
	window->sent++;
	return 0;
}

int ack_window__poll(struct ack_window *window, struct fleet_error *error)
{
	uint64_t queued = 0;
	int err = 0;

	if (natsSubscription_QueuedMsgs(window->answers, &queued) != NATS_OK)
		queued = 1; /* the next one says why */
	while (!err && queued-- && ack_window__waiting(window))
		err = wait_one(window, error);
	return err;
}

int ack_window__finish(struct ack_window *window, struct fleet_error *error)
{
	int err = 0;

	while (!err && ack_window__waiting(window))
		err = wait_one(window, error);
	return err;
}

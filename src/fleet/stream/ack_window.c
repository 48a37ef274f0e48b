/* SPDX-License-Identifier: MIT */
/*
 * libnats has asynchronous publishes, too, but keeps a copy of each message, and its handlers run in
 * another thread.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ack_window.h"
#include "answers.h"

struct ack_window {
	struct nats_link *link;
	struct answers answers;
	unsigned int sent, acked; /* in this round */
	unsigned int max;
};

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
	status = answers__open(&window->answers, link);
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
	answers__close(&window->answers);
	free(window);
}

unsigned int ack_window__waiting(const struct ack_window *window)
{
	return window->sent - window->acked;
}

void ack_window__begin(struct ack_window *window)
{
	answers__begin(&window->answers);
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
	unsigned int number;
	natsStatus status = answers__next(&window->answers, &answer, &number);
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
	if (!answer)
		return 0;
	err = take(window, answer, error);
	natsMsg_Destroy(answer);
	return err;
}

int ack_window__publish(struct ack_window *window, const char *subject, const char *header,
			const char *value, const void *data, size_t bytes,
			struct fleet_error *error)
{
	char reply[ANSWERS_SUBJECT_BYTES];
	natsMsg *message = NULL;
	natsStatus status;
	int err = 0;

	while (!err && ack_window__waiting(window) >= window->max)
		err = wait_one(window, error);
	if (err)
		return err;
	answers__subject(&window->answers, reply, window->sent);
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

	if (natsSubscription_QueuedMsgs(window->answers.subscription, &queued) != NATS_OK)
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

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream_messages.h"

static int subscribe(const struct stream_messages *messages, natsSubscription **ret,
		     struct fleet_error *error)
{
	jsErrCode code = 0;
	jsSubOptions options;
	natsStatus status = jsSubOptions_Init(&options);

	options.Stream = messages->stream;
	options.Ordered = true;
	options.Config.DeliverPolicy = messages->is_one_per_subject ? js_DeliverAll
								    : js_DeliverLastPerSubject;
	options.Config.HeadersOnly = messages->is_headers_only;
	if (status == NATS_OK)
		status = js_SubscribeSync(ret, messages->link->js, messages->subject, NULL,
					  &options, &code);
	if (status == NATS_OK)
		return 0;
	return nats_link__judge(messages->link,
				fleet_error__of_nats(error, status, code, "%s: can't list %s",
						     messages->link->server, messages->what),
				error);
}

/* How many messages the consumer has still to send, and has sent. */
static int ask(natsSubscription *subscription, uint64_t *ret_waiting, uint64_t *ret_sent)
{
	jsConsumerInfo *info;

	if (natsSubscription_GetConsumerInfo(&info, subscription, NULL, NULL) != NATS_OK)
		return -EIO;
	*ret_waiting = info->NumPending;
	*ret_sent = info->Delivered.Consumer;
	jsConsumerInfo_Destroy(info);
	return 0;
}

struct place {
	uint64_t stored_ns, waiting_cnt; /* after it */
};

/* "$JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.DELIVERED.SEQUENCE.CONSUMER_SEQUENCE.STORED.WAITING[.RANDOM]":
 * read here, since libnats makes a copy of all its parts. */
static struct place place_of(natsMsg *message)
{
	const char *at = natsMsg_GetReply(message), *tokens[12];
	size_t cnt = 0, stored;

	for (; at && cnt < 12; at = at[strcspn(at, ".")] ? at + strcspn(at, ".") + 1 : NULL)
		tokens[cnt++] = at;
	if (cnt < 9 || cnt == 10)
		return (struct place){ 0, 0 };
	stored = cnt == 9 ? 7 : 9;
	return (struct place){ strtoull(tokens[stored], NULL, 10),
			       strtoull(tokens[stored + 1], NULL, 10) };
}

/* What it waits for may have been deleted meanwhile. */
static int judge_silence(const struct stream_messages *messages, natsSubscription *subscription,
			 natsStatus status, uint64_t *ret_waiting, struct fleet_error *error)
{
	uint64_t sent;

	if (status == NATS_TIMEOUT && !ask(subscription, ret_waiting, &sent) && !*ret_waiting)
		return 0;
	return fleet_error__of_nats(error, status, 0, "%s: listing %s", messages->link->server,
				    messages->what);
}

/* Until none waits. */
static int take_all(const struct stream_messages *messages, natsSubscription *subscription,
		    uint64_t waiting, int (*each)(void *ctx, natsMsg *message, uint64_t stored_ns),
		    void *ctx, struct fleet_error *error)
{
	int err = 0;

	while (!err && waiting) {
		natsMsg *message;
		struct place place;
		const natsStatus status =
			natsSubscription_NextMsg(&message, subscription, NATS_LINK_WAIT_MS);

		if (status != NATS_OK) {
			err = judge_silence(messages, subscription, status, &waiting, error);
			continue;
		}
		place = place_of(message);
		waiting = place.waiting_cnt;
		err = each(ctx, message, place.stored_ns);
		if (err)
			(void)fleet_error__set(error, err, "%s: %s", natsMsg_GetSubject(message),
					       strerror(-err));
		natsMsg_Destroy(message);
	}
	return err;
}

int stream_messages__each(const struct stream_messages *messages,
			  int (*each)(void *ctx, natsMsg *message, uint64_t stored_ns), void *ctx,
			  struct fleet_error *error)
{
	natsSubscription *subscription;
	uint64_t waiting, sent;
	int err = subscribe(messages, &subscription, error);

	if (err)
		return err;
	if (ask(subscription, &waiting, &sent))
		err = fleet_error__set(error, -EIO, "%s: can't list %s", messages->link->server,
				       messages->what);
	else
		err = take_all(messages, subscription, waiting + sent, each, ctx, error);
	(void)natsSubscription_Unsubscribe(subscription);
	natsSubscription_Destroy(subscription);
	return err;
}

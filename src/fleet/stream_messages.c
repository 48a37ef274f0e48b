/* SPDX-License-Identifier: MIT */
#include <errno.h>
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
	options.Config.DeliverPolicy = js_DeliverLastPerSubject;
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

static uint64_t waiting_after(natsMsg *message)
{
	jsMsgMetaData *data;
	uint64_t waiting = 0;

	if (natsMsg_GetMetaData(&data, message) != NATS_OK)
		return 0;
	waiting = data->NumPending;
	jsMsgMetaData_Destroy(data);
	return waiting;
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
		    uint64_t waiting, int (*each)(void *ctx, natsMsg *message), void *ctx,
		    struct fleet_error *error)
{
	int err = 0;

	while (!err && waiting) {
		natsMsg *message;
		const natsStatus status =
			natsSubscription_NextMsg(&message, subscription, NATS_LINK_WAIT_MS);

		if (status != NATS_OK) {
			err = judge_silence(messages, subscription, status, &waiting, error);
			continue;
		}
		waiting = waiting_after(message);
		err = each(ctx, message);
		if (err)
			(void)fleet_error__set(error, err, "%s: %s", natsMsg_GetSubject(message),
					       strerror(-err));
		natsMsg_Destroy(message);
	}
	return err;
}

int stream_messages__each(const struct stream_messages *messages,
			  int (*each)(void *ctx, natsMsg *message), void *ctx,
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

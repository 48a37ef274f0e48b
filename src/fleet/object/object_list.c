/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "object_list.h"

/* An ordered consumer, which libnats makes again where it left off if a message is missing. */
static int subscribe(const struct bucket *bucket, natsSubscription **ret, struct fleet_error *error)
{
	char subject[OBJECT_SUBJECT_BYTES];
	jsErrCode code = 0;
	jsSubOptions options;
	natsStatus status = jsSubOptions_Init(&options);

	(void)snprintf(subject, sizeof(subject), "$O.%s.M.>", bucket->name);
	options.Stream = bucket->stream;
	options.Ordered = true;
	options.Config.DeliverPolicy = js_DeliverLastPerSubject;
	if (status == NATS_OK)
		status = js_SubscribeSync(ret, bucket->link->js, subject, NULL, &options, &code);
	return status == NATS_OK
		       ? 0
		       : fleet_error__of_nats(error, status, code, "%s: can't list bucket %s",
					      bucket->link->server, bucket->name);
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

struct listing {
	const struct bucket *bucket;
	int (*each)(void *ctx, const struct object_meta *meta);
	void *ctx;
	natsSubscription *subscription;
};

/* What it waits for may have been deleted meanwhile. */
static int judge_silence(struct listing *listing, natsStatus status, uint64_t *ret_waiting,
			 struct fleet_error *error)
{
	uint64_t sent;

	if (status == NATS_TIMEOUT && !ask(listing->subscription, ret_waiting, &sent) &&
	    !*ret_waiting)
		return 0;
	return fleet_error__of_nats(error, status, 0, "%s: listing bucket %s",
				    listing->bucket->link->server, listing->bucket->name);
}

static int take_next(struct listing *listing, uint64_t *ret_waiting, struct fleet_error *error)
{
	struct object_meta meta;
	natsMsg *message;
	natsStatus status =
		natsSubscription_NextMsg(&message, listing->subscription, NATS_LINK_WAIT_MS);
	int err;

	if (status != NATS_OK)
		return judge_silence(listing, status, ret_waiting, error);
	*ret_waiting = waiting_after(message);
	err = object_meta__decode(&meta, natsMsg_GetData(message),
				  (size_t)natsMsg_GetDataLength(message));
	natsMsg_Destroy(message);
	if (err || meta.is_deleted)
		return 0;
	err = listing->each(listing->ctx, &meta);
	return err ? fleet_error__set(error, err, "%s: %s", meta.name, strerror(-err)) : 0;
}

int object_list__each(const struct bucket *bucket,
		      int (*each)(void *ctx, const struct object_meta *meta), void *ctx,
		      struct fleet_error *error)
{
	struct listing listing = { .bucket = bucket, .each = each, .ctx = ctx };
	uint64_t waiting = 0, sent = 0;
	int err = subscribe(bucket, &listing.subscription, error);

	if (err)
		return err;
	if (ask(listing.subscription, &waiting, &sent))
		err = fleet_error__set(error, -EIO, "%s: can't list bucket %s",
				       bucket->link->server, bucket->name);
	waiting += sent;
	while (!err && waiting)
		err = take_next(&listing, &waiting, error);
	(void)natsSubscription_Unsubscribe(listing.subscription);
	natsSubscription_Destroy(listing.subscription);
	return err;
}

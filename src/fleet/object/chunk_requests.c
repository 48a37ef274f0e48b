/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chunk_requests.h"
#include "object_meta.h"

#define SEQUENCE_HEADER    "Nats-Sequence"
#define STATUS_HEADER      "Status"
#define DESCRIPTION_HEADER "Description"
#define API_BYTES          (BUCKET_STREAM_BYTES + 32)

int chunk_requests__begin(struct chunk_requests *ret, const struct bucket *bucket,
			  const char *subject, struct fleet_error *error)
{
	natsStatus status;

	*ret = (struct chunk_requests){ .bucket = bucket, .subject = subject, .max = 1 };
	status = answers__open(&ret->answers, bucket->link);
	if (status == NATS_OK)
		return 0;
	answers__close(&ret->answers);
	return fleet_error__of_nats(error, status, 0, "%s", bucket->link->server);
}

void chunk_requests__end(struct chunk_requests *requests)
{
	for (size_t i = 0; i < CHUNK_REQUESTS_MAX; i++)
		natsMsg_Destroy(requests->slots[i].answer);
	answers__close(&requests->answers);
}

uint64_t chunk_requests__sequence(natsMsg *message)
{
	const char *text;

	if (natsMsgHeader_Get(message, SEQUENCE_HEADER, &text) != NATS_OK)
		return natsMsg_GetSequence(message);
	return strtoull(text, NULL, 10);
}

static int send_request(struct chunk_requests *requests, uint64_t sequence,
			struct fleet_error *error)
{
	const struct bucket *bucket = requests->bucket;
	char api[API_BYTES], json[OBJECT_SUBJECT_BYTES + 64], reply[ANSWERS_SUBJECT_BYTES];
	natsStatus status;

	(void)snprintf(api, sizeof(api), "$JS.API.DIRECT.GET.%s", bucket->stream);
	(void)snprintf(json, sizeof(json), "{\"seq\":%" PRIu64 ",\"next_by_subj\":\"%s\"}",
		       sequence, requests->subject);
	answers__subject(&requests->answers, reply, requests->sent_cnt);
	status = natsConnection_PublishRequestString(bucket->link->connection, api, reply, json);
	if (status != NATS_OK)
		return fleet_error__of_nats(error, status, 0, "%s", bucket->link->server);
	requests->slots[requests->sent_cnt++ % CHUNK_REQUESTS_MAX].sequence = sequence;
	requests->next_sequence = sequence + 1;
	return 0;
}

static int send_more(struct chunk_requests *requests, uint64_t from, uint64_t left,
		     struct fleet_error *error)
{
	int err = 0;

	if (requests->next_sequence < from)
		requests->next_sequence = from;
	while (!err && requests->sent_cnt - requests->taken_cnt < requests->max &&
	       requests->sent_cnt - requests->taken_cnt < left)
		err = send_request(requests, requests->next_sequence, error);
	return err;
}

static int receive(struct chunk_requests *requests, struct fleet_error *error)
{
	struct nats_link *link = requests->bucket->link;
	unsigned int number;
	natsMsg *answer, **slot;
	const natsStatus status = answers__next(&requests->answers, &answer, &number);

	if (status != NATS_OK)
		return nats_link__judge(link,
					fleet_error__of_nats(error, status, 0, "%s: bucket %s",
							     link->server, requests->bucket->name),
					error);
	if (!answer)
		return 0;
	slot = &requests->slots[number % CHUNK_REQUESTS_MAX].answer;
	if (number - requests->taken_cnt >= requests->sent_cnt - requests->taken_cnt || *slot)
		natsMsg_Destroy(answer); /* no answer to what was asked */
	else
		*slot = answer;
	return 0;
}

/* What an answer without a message says. */
static int judge(const struct chunk_requests *requests, natsMsg *answer, struct fleet_error *error)
{
	const struct bucket *bucket = requests->bucket;
	const char *status, *why = "an error without a description";

	if (natsMsg_IsNoResponders(answer))
		return fleet_error__set(error, -EHOSTUNREACH,
					"%s: bucket %s: no server answers for it now",
					bucket->link->server, bucket->name);
	if (natsMsgHeader_Get(answer, STATUS_HEADER, &status) != NATS_OK)
		return 0;
	if (!strcmp(status, "404"))
		return fleet_error__set(error, -ENOENT, "%s: bucket %s: no more chunks",
					bucket->link->server, bucket->name);
	(void)natsMsgHeader_Get(answer, DESCRIPTION_HEADER, &why);
	return fleet_error__set(error, -EIO, "%s: bucket %s: the server says: %s",
				bucket->link->server, bucket->name, why);
}

/* The answer to the oldest request. */
static int take(struct chunk_requests *requests, natsMsg **ret, uint64_t *ret_sequence,
		struct fleet_error *error)
{
	const unsigned int slot = requests->taken_cnt % CHUNK_REQUESTS_MAX;
	natsMsg *answer;
	int err = 0;

	while (!err && !requests->slots[slot].answer)
		err = receive(requests, error);
	if (err)
		return err;
	answer = requests->slots[slot].answer;
	requests->slots[slot].answer = NULL;
	requests->taken_cnt++;
	err = judge(requests, answer, error);
	*ret_sequence = err ? 0 : chunk_requests__sequence(answer);
	if (!err && *ret_sequence < requests->slots[slot].sequence)
		err = fleet_error__set(error, -EBADMSG,
				       "%s: bucket %s: another message than asked for",
				       requests->bucket->link->server, requests->bucket->name);
	if (err)
		natsMsg_Destroy(answer);
	else
		*ret = answer;
	return err;
}

int chunk_requests__next(struct chunk_requests *requests, uint64_t from, uint64_t left,
			 natsMsg **ret, uint64_t *ret_sequence, struct fleet_error *error)
{
	for (;;) {
		natsMsg *answer;
		int err = send_more(requests, from, left, error);

		if (!err)
			err = take(requests, &answer, ret_sequence, error);
		if (err)
			return err;
		if (*ret_sequence >= from) {
			if (requests->max < CHUNK_REQUESTS_MAX)
				requests->max *= 2;
			*ret = answer;
			return 0;
		}
		/* that one came before */
		natsMsg_Destroy(answer);
		if (requests->max > 1)
			requests->max /= 2;
	}
}

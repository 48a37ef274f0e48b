/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "answers.h"

natsStatus answers__open(struct answers *ret, struct nats_link *link)
{
	char subject[ANSWERS_SUBJECT_BYTES];
	uint64_t random;
	natsStatus status;

	randombytes_buf(&random, sizeof(random));
	*ret = (struct answers){ .round = 0 };
	(void)snprintf(ret->prefix, sizeof(ret->prefix), "%s.%016" PRIx64, link->inbox, random);
	(void)snprintf(subject, sizeof(subject), "%s.*.*", ret->prefix);
	status = natsConnection_SubscribeSync(&ret->subscription, link->connection, subject);
	/* the other servers of a cluster know of it, too, before the first message */
	if (status == NATS_OK)
		status = natsConnection_FlushTimeout(link->connection, NATS_LINK_WAIT_MS);
	return status;
}

void answers__close(struct answers *answers)
{
	natsSubscription_Destroy(answers->subscription);
	answers->subscription = NULL;
}

void answers__begin(struct answers *answers)
{
	answers->round++;
}

void answers__subject(const struct answers *answers, char ret[ANSWERS_SUBJECT_BYTES],
		      unsigned int number)
{
	(void)snprintf(ret, ANSWERS_SUBJECT_BYTES, "%s.%" PRIu64 ".%u", answers->prefix,
		       answers->round, number);
}

natsStatus answers__next(const struct answers *answers, natsMsg **ret, unsigned int *ret_number)
{
	natsMsg *answer;
	const natsStatus status =
		natsSubscription_NextMsg(&answer, answers->subscription, NATS_LINK_WAIT_MS);
	uint64_t round;

	if (status != NATS_OK)
		return status;
	if (sscanf(natsMsg_GetSubject(answer) + strlen(answers->prefix), ".%" SCNu64 ".%u", &round,
		   ret_number) != 2 ||
	    round != answers->round) {
		natsMsg_Destroy(answer);
		answer = NULL;
	}
	*ret = answer;
	return NATS_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Answers to requests of which several are on their way: each has a subject of its own,
 * PREFIX.ROUND.NUMBER, and all come to one subscription, which the thread of the link empties.
 */
#ifndef TTLOG_ANSWERS_H
#define TTLOG_ANSWERS_H

#include <stdint.h>

#include "nats_link.h"

#define ANSWERS_SUBJECT_BYTES (NATS_LINK_INBOX_BYTES + 96)

struct answers {
	natsSubscription *subscription;
	char prefix[ANSWERS_SUBJECT_BYTES - 48];
	uint64_t round; /* answers to earlier ones are dropped */
};

natsStatus answers__open(struct answers *ret, struct nats_link *link);
void answers__close(struct answers *answers);

/* Forgets what is on its way. */
void answers__begin(struct answers *answers);
/* Where the answer to that request of this round goes. */
void answers__subject(const struct answers *answers, char ret[ANSWERS_SUBJECT_BYTES],
		      unsigned int number);
/* The next answer, which the caller destroys; NULL: it was of an earlier round. NATS_TIMEOUT: none comes
 * for NATS_LINK_WAIT_MS. */
natsStatus answers__next(const struct answers *answers, natsMsg **ret, unsigned int *ret_number);

#endif /* TTLOG_ANSWERS_H */

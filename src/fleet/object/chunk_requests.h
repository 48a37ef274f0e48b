/* SPDX-License-Identifier: MIT */
/*
 * The chunks of an object in their order, by direct get: no consumer is made on the server. Several
 * requests are on their way, as chunks that were written one after another are one after another in
 * the stream: while one is waited for, the places behind it are asked for, too. If messages of others
 * are between them, the same chunk comes several times: then fewer are asked for at once.
 *
 * No chunk is left out: each request is for the first message at or after a place, and all places before
 * it are known.
 */
#ifndef TTLOG_CHUNK_REQUESTS_H
#define TTLOG_CHUNK_REQUESTS_H

#include <stdint.h>

#include "answers.h"
#include "bucket.h"

/* On their way: 2 MiB of usual chunks. */
#define CHUNK_REQUESTS_MAX 16

struct chunk_requests {
	const struct bucket *bucket;
	const char *subject; /* of the chunks */
	struct answers answers;
	struct {
		uint64_t sequence;   /* asked for */
		natsMsg *answer;     /* NULL: not yet */
	} slots[CHUNK_REQUESTS_MAX]; /* by number */
	unsigned int sent_cnt, taken_cnt;
	unsigned int max; /* at a time, now */
	uint64_t next_sequence;
};

/* 0, or -errno of the connection. The subject outlives it. */
int chunk_requests__begin(struct chunk_requests *ret, const struct bucket *bucket,
			  const char *subject, struct fleet_error *error);
void chunk_requests__end(struct chunk_requests *requests);

/* The first chunk at or after `from`, which the caller destroys, and its sequence. from: after the one
 * before, or 1; left: so many are still wanted, with this one. -ENOENT: there is none; -EBADMSG; else of
 * the connection. */
int chunk_requests__next(struct chunk_requests *requests, uint64_t from, uint64_t left,
			 natsMsg **ret, uint64_t *ret_sequence, struct fleet_error *error);

/* Where in the stream a message of direct get is; 0: it does not say. */
uint64_t chunk_requests__sequence(natsMsg *message);

#endif /* TTLOG_CHUNK_REQUESTS_H */

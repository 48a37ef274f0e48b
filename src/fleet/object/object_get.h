/* SPDX-License-Identifier: MIT */
/* Reads objects of a bucket by direct get, several chunks on their way (chunk_requests.h): no consumer is made
 * on the server. */
#ifndef TTLOG_OBJECT_GET_H
#define TTLOG_OBJECT_GET_H

#include "bucket.h"
#include "object_meta.h"

/* 0; -ENOENT: there is no such object, or it was deleted; -EBADMSG; else of the connection. */
int object_get__meta(const struct bucket *bucket, const char *name, struct object_meta *ret,
		     struct fleet_error *error);

/* The same, as the leader of the bucket's stream has it: that is never behind. */
int object_get__meta_at_leader(const struct bucket *bucket, const char *name,
			       struct object_meta *ret, struct fleet_error *error);

/* Takes the bytes of an object in order; 0, or -errno, which ends the reading. */
typedef int (*object_get_take)(void *ctx, const void *bytes, size_t len);

/*
 * take: NULL: only compares. 0: all was there, as long as meta says and with its digest. -ENODATA: a
 * chunk is missing; -EBADMSG: other bytes than the digest is of, some of which were taken; else
 * -errno of the connection or of take().
 */
int object_get__read(const struct bucket *bucket, const struct object_meta *meta,
		     object_get_take take, void *ctx, struct fleet_error *error);

#endif /* TTLOG_OBJECT_GET_H */

/* SPDX-License-Identifier: MIT */
/* Objects of a bucket. What fails, as s3__ask(). */
#ifndef TTLOG_S3_OBJECT_H
#define TTLOG_S3_OBJECT_H

#include "s3.h"

/* A file that becomes an object. */
struct s3_source {
	int fd;
	uint64_t size_bytes;
	const char *hash; /* of all of it */
	int (*before_chunk)(void *ctx, size_t bytes);
	void *ctx;
};

/* What is there. -ENOENT: nothing; -EPERM: also if it is not there, for those who may not list. */
int s3_object__look(struct s3 *s3, const char *key, uint64_t *ret_size_bytes,
		    char ret_etag[HTTP_TAG_BYTES], struct fleet_error *error);

/* In one request: whole or not at all. */
int s3_object__put(struct s3 *s3, const char *key, const struct s3_source *source,
		   char ret_etag[HTTP_TAG_BYTES], struct fleet_error *error);

/* take: 0, or -errno, which ends the reading, and is returned. */
int s3_object__read(struct s3 *s3, const char *key,
		    int (*take)(void *ctx, const void *bytes, size_t len), void *ctx,
		    struct fleet_error *error);

#endif /* TTLOG_S3_OBJECT_H */

/* SPDX-License-Identifier: MIT */
/*
 * A large file, in parts: the object is there once all parts are. What was begun and not ended costs its owner
 * money for good, so it is aborted after a failure; who was killed aborts it at the next start.
 */
#ifndef TTLOG_S3_UPLOAD_H
#define TTLOG_S3_UPLOAD_H

#include "s3_object.h"

#define S3_UPLOAD_ID_BYTES    320
/* From this size on. */
#define S3_UPLOAD_LEAST_BYTES (UINT64_C(64) << 20)
#define S3_UPLOAD_MOST_PARTS  10000

/* Of that a file of this size has so many that S3 takes it: 16 MiB, or more. */
uint64_t s3_upload__part_bytes(uint64_t size_bytes);

struct s3_upload_notes {
	/* An upload was begun; it is over: the object is there, or it was aborted. */
	void (*begun)(void *ctx, const char *id);
	void (*over)(void *ctx, const char *id);
	void *ctx;
};

/* As s3_object__put(). */
int s3_upload__put(struct s3 *s3, const char *key, const struct s3_source *source,
		   const struct s3_upload_notes *notes, char ret_etag[HTTP_TAG_BYTES],
		   struct fleet_error *error);

/* 0; also if there is no such upload. */
int s3_upload__abort(struct s3 *s3, const char *key, const char *id, struct fleet_error *error);

#endif /* TTLOG_S3_UPLOAD_H */

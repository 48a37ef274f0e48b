/* SPDX-License-Identifier: MIT */
/* Requests to a bucket of S3, or of what speaks its language, and what its answers mean. */
#ifndef TTLOG_S3_H
#define TTLOG_S3_H

#include <stddef.h>
#include <stdint.h>

#include "http.h"
#include "s3_keys.h"
#include "s3_url.h"

#define S3_HASH_BYTES  65 /* SHA-256 in hexadecimal digits, with the zero */
/* Of nothing. */
#define S3_HASH_EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define S3_ANSWER_MOST 65536

struct s3 {
	struct http *http;
	const char *bucket; /* for people */
	char web[S3_WEB_BYTES];
	char region[S3_REGION_BYTES];
	struct s3_keys keys;
	uint64_t retry_after_s; /* of the last answer; 0: it says nothing of it */
};

struct s3_request {
	const char *method;
	const char *key;   /* "": of the bucket itself */
	const char *query; /* in the order of its names, each with a "="; NULL: none */
	const char *hash;  /* of the body; NULL: it has none */
	/* As in struct http_request. */
	const char *bytes;
	int fd;
	uint64_t at, len;
	int (*before_chunk)(void *ctx, size_t bytes);
	int (*take)(void *ctx, const void *bytes, size_t len);
	void *ctx;
};

/*
 * 0: it was done. As http__do() if there is no answer; else what the server says, with its code: -ENOENT: 404;
 * -EPERM: 401, 403; -EHOSTUNREACH: 429, 5xx; -EIO. The caller calls http_answer__fini() in any case.
 */
int s3__ask(struct s3 *s3, const struct s3_request *request, struct http_answer *ret,
	    struct fleet_error *error);

#endif /* TTLOG_S3_H */

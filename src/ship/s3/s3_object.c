/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "s3_object.h"

int s3_object__look(struct s3 *s3, const char *key, uint64_t *ret_size_bytes,
		    char ret_etag[HTTP_TAG_BYTES], struct fleet_error *error)
{
	const struct s3_request request = { .method = "HEAD", .key = key };
	struct http_answer answer;
	const int err = s3__ask(s3, &request, &answer, error);

	if (!err) {
		*ret_size_bytes = answer.content_bytes;
		(void)strcpy(ret_etag, answer.etag);
	}
	http_answer__fini(&answer);
	return err;
}

int s3_object__put(struct s3 *s3, const char *key, const struct s3_source *source,
		   char ret_etag[HTTP_TAG_BYTES], struct fleet_error *error)
{
	const struct s3_request request = {
		.method = "PUT",
		.key = key,
		.hash = source->hash,
		.bytes = source->size_bytes ? NULL : "",
		.fd = source->fd,
		.len = source->size_bytes,
		.before_chunk = source->before_chunk,
		.ctx = source->ctx,
	};
	struct http_answer answer;
	const int err = s3__ask(s3, &request, &answer, error);

	if (!err)
		(void)strcpy(ret_etag, answer.etag);
	http_answer__fini(&answer);
	return err;
}

int s3_object__read(struct s3 *s3, const char *key,
		    int (*take)(void *ctx, const void *bytes, size_t len), void *ctx,
		    struct fleet_error *error)
{
	const struct s3_request request = { .method = "GET", .key = key, .take = take, .ctx = ctx };
	struct http_answer answer;
	const int err = s3__ask(s3, &request, &answer, error);

	http_answer__fini(&answer);
	return err;
}

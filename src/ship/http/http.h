/* SPDX-License-Identifier: MIT */
/*
 * Requests to one web server after another, over a connection that stays open: libcurl with what this
 * program never wants switched off: redirects, proxies of the environment, other protocols. One thread uses
 * a client at a time.
 */
#ifndef TTLOG_HTTP_H
#define TTLOG_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet_error.h"
#include "http_answer.h"
#include "login_files.h"

struct http_options {
	struct login_files login; /* no tls_ca: the system's authorities */
	bool also_system;         /* those beside tls_ca */
	/* From time to time while a request is on its way: whether to give it up. NULL: never. */
	bool (*is_stopped)(void *ctx);
	void *ctx;
};

struct http_request {
	const char *method;         /* "GET", "HEAD", "PUT", "POST", "DELETE" */
	const char *url;            /* http:// or https:// */
	const char *const *headers; /* "Name: value"; NULL ends them; may be NULL */
	/* The body: in memory, or, if bytes is NULL, so many bytes of fd from at on. */
	const char *bytes;
	int fd;
	uint64_t at, len;
	/* Before each chunk of a body of fd: 0, or -errno: the request is given up, and that is its result. May be
	 * NULL. */
	int (*before_chunk)(void *ctx, size_t bytes);
	void *ctx;
	/* AWS's signature, version 4: "aws:amz:REGION:s3" and "KEY:SECRET"; NULL: none. */
	const char *sigv4, *user;
	size_t most_bytes;   /* of the answer's body */
	unsigned int most_s; /* for all of it; 0: as long as something moves */
	/* Gets the body of an answer of 2xx, however long, in its place: 0, or the request is given up. May be
	 * NULL. */
	int (*take)(void *ctx, const void *bytes, size_t len);
};

struct http;

/* In the only thread, before the first client: for the whole program. 0 or -ENOMEM. */
int http__start(void);

/* NULL with errno: ENOMEM. Its options stay the caller's. */
struct http *http__new(const struct http_options *options);
void http__free(struct http *http);

/*
 * Waits for the answer, whatever its status is: 0. -ECANCELED: it was given up (or what before_chunk() or
 * take() returned); -EBADF: fd can't be read; else there is no
 * answer: -ENOTCONN, -ETIMEDOUT, -EACCES (a certificate), -EMSGSIZE (more than most_bytes), -ENOMEM, -EIO.
 * The caller calls http_answer__fini() in any case.
 */
int http__do(struct http *http, const struct http_request *request, struct http_answer *ret,
	     struct fleet_error *error);

#endif /* TTLOG_HTTP_H */

/* SPDX-License-Identifier: MIT */
/* What a web server answered. */
#ifndef TTLOG_HTTP_ANSWER_H
#define TTLOG_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_TAG_BYTES 128

struct http_answer {
	long status;
	uint64_t retry_after_s;    /* its Retry-After, from now on; 0: none; a day at most */
	char etag[HTTP_TAG_BYTES]; /* without quotes; "": none, or too long */
	char *body;                /* ended by a zero; NULL: there is none */
	size_t body_bytes, most_bytes;
	uint64_t content_bytes; /* that it says it has, also to HEAD; 0: it does not say */
	bool is_too_long, is_out_of_memory;
};

void http_answer__init(struct http_answer *answer, size_t most_bytes);
void http_answer__fini(struct http_answer *answer);

/* More of the body, as libcurl gives it. ctx: the answer. Returns len, or less: no more is taken. */
size_t http_answer__take(const char *bytes, size_t size, size_t cnt, void *ctx);

#endif /* TTLOG_HTTP_ANSWER_H */

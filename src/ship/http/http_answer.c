/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "http_answer.h"

void http_answer__init(struct http_answer *answer, size_t most_bytes)
{
	*answer = (struct http_answer){ .most_bytes = most_bytes };
}

void http_answer__fini(struct http_answer *answer)
{
	free(answer->body);
	answer->body = NULL;
}

size_t http_answer__take(const char *bytes, size_t size, size_t cnt, void *ctx)
{
	struct http_answer *answer = ctx;
	const size_t len = size * cnt;
	char *body;

	if (len > answer->most_bytes - answer->body_bytes) {
		answer->is_too_long = true;
		return 0;
	}
	body = realloc(answer->body, answer->body_bytes + len + 1);
	if (!body) {
		answer->is_out_of_memory = true;
		return 0;
	}
	memcpy(body + answer->body_bytes, bytes, len);
	answer->body = body;
	answer->body_bytes += len;
	body[answer->body_bytes] = '\0';
	return len;
}

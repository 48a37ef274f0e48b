/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "array.h"
#include "buffer.h"
#include "out.h"
#include "utf8.h"

void buffer__fini(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){ .len = 0 };
}

int buffer__grow(struct buffer *buffer, size_t len)
{
	if (!buffer->err)
		buffer->err =
			array__reserve(buffer->bytes, buffer->len + (len ? len : 1), &buffer->cap);
	return buffer->err;
}

/* ASCII except NUL: it is copied unchanged. */
static size_t plain_run(const char *p, const char *end)
{
	const char *at = p;

	while (at < end && (unsigned char)(*at - 1) < 0x7f)
		at++;
	return (size_t)(at - p);
}

void buffer__text(struct buffer *buffer, struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text);

	while (p < end) {
		size_t len = plain_run(p, end);
		uint32_t code = ' ';

		if (!len)
			len = utf8__next(p, end, &code);
		if (code == UTF8_INVALID)
			buffer__bytes(buffer, "\xef\xbf\xbd", 3);
		else if (code)
			buffer__bytes(buffer, p, len);
		else
			buffer__bytes(buffer, "\xe2\x90\x80", 3);
		p += len;
	}
}

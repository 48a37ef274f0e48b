/* SPDX-License-Identifier: MIT */
/*
 * A growing buffer of bytes, for binary outputs, whose parts have their length at the front.
 *
 * Without memory the buffer becomes invalid and takes no more bytes: check it once, at the end.
 */
#ifndef TTLOG_VIEW_BUFFER_H
#define TTLOG_VIEW_BUFFER_H

#include <string.h>

#include <ttlog/read.h>

struct buffer {
	char *bytes;
	size_t len, cap;
	int err; /* 0 or -ENOMEM; the content is only valid if it is 0 */
};

/* All zero is a valid, empty buffer. */
void buffer__fini(struct buffer *buffer);
/* For when there is no room for `len` more bytes. Returns 0, or -ENOMEM, which the buffer keeps. */
int buffer__grow(struct buffer *buffer, size_t len);

/* A place for `len` bytes; the caller then adds to buffer->len. NULL: no memory. */
static inline char *buffer__room(struct buffer *buffer, size_t len)
{
	if ((!buffer->bytes || len > buffer->cap - buffer->len) && buffer__grow(buffer, len))
		return NULL;
	return buffer->bytes + buffer->len;
}

static inline void buffer__bytes(struct buffer *buffer, const void *bytes, size_t len)
{
	char *to = buffer__room(buffer, len);

	if (!to)
		return;
	if (len)
		memcpy(to, bytes, len);
	buffer->len += len;
}

static inline void buffer__byte(struct buffer *buffer, unsigned char byte)
{
	buffer__bytes(buffer, &byte, 1);
}

/* As UTF-8 without a NUL, for readers that require it: a byte that is not UTF-8 becomes U+FFFD, a
 * NUL becomes its symbol, U+2400. */
void buffer__text(struct buffer *buffer, struct ttlog_text text);

#endif /* TTLOG_VIEW_BUFFER_H */

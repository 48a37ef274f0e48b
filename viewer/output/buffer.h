/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow, for binary outputs: a part of theirs says how long it is before it begins.
 *
 * Where memory is short the buffer turns bad and takes no more; ask once, at the end.
 */
#ifndef TTLOG_VIEW_BUFFER_H
#define TTLOG_VIEW_BUFFER_H

#include <stddef.h>
#include <string.h>

#include <ttlog/read.h>

struct buffer {
	char *bytes;
	size_t len, cap;
	int err; /* 0 or -ENOMEM; the content holds only where it is 0 */
};

/* All zero is a valid, empty buffer. */
void buffer__fini(struct buffer *buffer);
/* Where there is no room for so many bytes more. Returns 0, or -ENOMEM, which the buffer keeps. */
int buffer__grow(struct buffer *buffer, size_t len);

/* Where so many bytes may be written; who does adds to `len`. NULL where memory is short. */
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

/* As UTF-8 without a NUL, for readers that insist on it: a byte that is not UTF-8 becomes a U+FFFD,
 * a NUL the sign for it, U+2400. */
void buffer__text(struct buffer *buffer, struct ttlog_text text);

#endif /* TTLOG_VIEW_BUFFER_H */

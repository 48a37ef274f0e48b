/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "format.h"
#include "frame_source.h"

#define BUFFER_BYTES    (256u << 10)
#define ROOM_BYTES      (64u << 10)
#define SKIPPABLE_MAGIC 0x184d2a50u /* and the 15 after it */
#define SKIPPABLE_HEAD  8u

struct frame_source {
	int fd;
	uint64_t offset; /* of what is next */
	size_t at, end;  /* of the buffer: what was read and is next */
	unsigned char buffer[BUFFER_BYTES];
	LZ4F_dctx *lz4;
	unsigned char *content;
	size_t capacity;
};

struct frame_source *frame_source__new(int fd)
{
	struct frame_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->fd = fd;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&source->lz4, LZ4F_VERSION))) {
		free(source);
		errno = ENOMEM;
		return NULL;
	}
	return source;
}

void frame_source__free(struct frame_source *source)
{
	if (!source)
		return;
	(void)LZ4F_freeDecompressionContext(source->lz4);
	free(source->content);
	free(source);
}

/* At least so many bytes in the buffer, if the file has them; -errno. */
static int fill(struct frame_source *source, size_t bytes)
{
	if (source->end - source->at >= bytes)
		return 0;
	memmove(source->buffer, source->buffer + source->at, source->end - source->at);
	source->end -= source->at;
	source->at = 0;
	while (source->end < bytes) {
		const ssize_t len = pread(source->fd, source->buffer + source->end,
					  BUFFER_BYTES - source->end,
					  (off_t)(source->offset + source->end));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		if (!len)
			break;
		source->end += (size_t)len;
	}
	return 0;
}

static void take(struct frame_source *source, size_t bytes)
{
	source->at += bytes;
	source->offset += bytes;
}

static uint32_t u32_of(const unsigned char *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static int take_skippable(struct frame_source *source, size_t *ret_len)
{
	const size_t len = u32_of(source->buffer + source->at + 4) + (size_t)SKIPPABLE_HEAD;
	size_t done = 0;
	int err;

	if (len > FORMAT_HEADER_MAX_BYTES)
		return -EBADMSG;
	if (array__reserve(source->content, len, &source->capacity))
		return -ENOMEM;
	while (done < len) {
		size_t part;

		err = fill(source, 1);
		if (err)
			return err;
		part = source->end - source->at < len - done ? source->end - source->at
							     : len - done;
		if (!part)
			return -EBADMSG;
		memcpy(source->content + done, source->buffer + source->at, part);
		take(source, part);
		done += part;
	}
	*ret_len = len;
	return 0;
}

static int take_packed(struct frame_source *source, size_t *ret_len)
{
	static const LZ4F_decompressOptions_t stable = { .stableDst = 0 };
	size_t len = 0, status = 1;

	LZ4F_resetDecompressionContext(source->lz4);
	while (status) {
		size_t taken, given;
		int err = fill(source, 1);

		if (err)
			return err;
		taken = source->end - source->at;
		if (!taken || len > FORMAT_HEADER_MAX_BYTES)
			return -EBADMSG;
		if (array__reserve(source->content, len + ROOM_BYTES, &source->capacity))
			return -ENOMEM;
		given = source->capacity - len;
		status = LZ4F_decompress(source->lz4, source->content + len, &given,
					 source->buffer + source->at, &taken, &stable);
		if (LZ4F_isError(status))
			return -EBADMSG;
		take(source, taken);
		len += given;
	}
	*ret_len = len;
	return 0;
}

int frame_source__next(struct frame_source *source, struct source_frame *ret)
{
	const uint64_t offset = source->offset;
	bool is_skippable;
	size_t len = 0;
	int err = fill(source, SKIPPABLE_HEAD);

	if (err || source->end == source->at)
		return err;
	if (source->end - source->at < SKIPPABLE_HEAD)
		return -EBADMSG;
	is_skippable = (u32_of(source->buffer + source->at) & ~15u) == SKIPPABLE_MAGIC;
	err = is_skippable ? take_skippable(source, &len) : take_packed(source, &len);
	if (err)
		return err;
	*ret = (struct source_frame){ is_skippable, source->content, len, offset };
	return 1;
}

uint64_t frame_source__offset(const struct frame_source *source)
{
	return source->offset;
}

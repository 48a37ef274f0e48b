/* SPDX-License-Identifier: MIT */
/*
 * lz4frame with independent blocks and a checksum each, so that damage stays in its block.
 */
#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "frame_out.h"
#include "seal_out.h"

#define FILL_BYTES 32768u /* of one skippable frame */

void frame_out__fini(struct frame_out *frame)
{
	free(frame->bytes);
	*frame = (struct frame_out){ 0 };
}

static int write_all(int fd, const unsigned char *bytes, size_t len)
{
	while (len) {
		ssize_t written = write(fd, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		if (written == 0)
			return -EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}

static int put(const struct frame_out *frame, int fd, const void *bytes, size_t len)
{
	if (frame->seal)
		return seal_out__write(frame->seal, fd, bytes, len);
	return write_all(fd, bytes, len);
}

int frame_out__make(struct frame_out *frame, const void *content, size_t len, size_t *ret_bytes)
{
	const LZ4F_preferences_t preferences = {
		.frameInfo = {
			.blockSizeID = LZ4F_max256KB,
			.blockMode = LZ4F_blockIndependent,
			.contentChecksumFlag = LZ4F_contentChecksumEnabled,
			.blockChecksumFlag = LZ4F_blockChecksumEnabled,
			.contentSize = len,
		},
		.compressionLevel = frame->level,
	};
	const size_t bound = LZ4F_compressFrameBound(len, &preferences);
	size_t bytes;

	if (LZ4F_isError(bound))
		return -EMSGSIZE;
	if (array__reserve(frame->bytes, bound, &frame->capacity))
		return -ENOMEM;
	bytes = LZ4F_compressFrame(frame->bytes, frame->capacity, content, len, &preferences);
	/* there is room enough, so only its own allocation can fail */
	if (LZ4F_isError(bytes))
		return -ENOMEM;
	*ret_bytes = bytes;
	return 0;
}

int frame_out__write(struct frame_out *frame, int fd, const void *content, size_t len)
{
	size_t bytes;
	int err = frame_out__make(frame, content, len, &bytes);

	if (err)
		return err;
	frame->written_bytes += bytes;
	return put(frame, fd, frame->bytes, bytes);
}

int frame_out__fill(struct frame_out *frame, int fd, uint64_t file_bytes)
{
	/* the magic number, and the length of what follows, little endian */
	static const unsigned char skippable[FILL_BYTES] = {
		0x50, 0x2a, 0x4d, 0x18, (FILL_BYTES - 8) & 0xff, (FILL_BYTES - 8) >> 8,
	};
	int err = 0;

	while (!err && frame->written_bytes < file_bytes) {
		frame->written_bytes += FILL_BYTES;
		err = put(frame, fd, skippable, FILL_BYTES);
	}
	return err;
}

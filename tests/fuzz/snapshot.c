/* SPDX-License-Identifier: MIT */
/* Makes a snapshot's file from the content of its frames. */
#include <unistd.h>

#include "fuzz.h"
#include "cbor_reader.h"

LZ4F_preferences_t fuzz__frame_preferences(size_t len)
{
	return (LZ4F_preferences_t){
		.frameInfo = {
			.blockMode = LZ4F_blockIndependent,
			.contentChecksumFlag = LZ4F_contentChecksumEnabled,
			.blockChecksumFlag = LZ4F_blockChecksumEnabled,
			.contentSize = len,
		},
	};
}

static void write_frame(int fd, const unsigned char *content, size_t len)
{
	const LZ4F_preferences_t how = fuzz__frame_preferences(len);
	size_t cap = LZ4F_compressFrameBound(len, &how), done;
	void *frame = malloc(cap);

	FUZZ_CHECK(frame);
	done = LZ4F_compressFrame(frame, cap, content, len, &how);
	FUZZ_CHECK(!LZ4F_isError(done));
	FUZZ_CHECK(write(fd, frame, done) == (ssize_t)done);
	free(frame);
}

int fuzz__snapshot(const void *data, size_t size)
{
	struct ttlog_cbor in = { data, (const unsigned char *)data + size };
	int fd = fuzz__file("", 0);

	while (cbor_reader__left(&in)) {
		const unsigned char *start = in.at;

		if (ttlog_cbor_skip(&in))
			in.at = in.end;
		write_frame(fd, start, (size_t)(in.at - start));
	}
	return fd;
}

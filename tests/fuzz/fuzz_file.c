/* SPDX-License-Identifier: MIT */
/*
 * ttlog-view on the bytes of a file. A mutated file hardly ever has sound checksums. So in three of
 * four cases the mutator changes the content of a frame, and frames it again.
 */
#include <lz4frame.h>
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz__begin();
	(void)fuzz__view(fuzz__file(data, size));
	fuzz__end();
	return 0;
}

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define MAX_FRAMES        16u
#define MAX_CONTENT_BYTES (256u << 10)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static uint8_t content[MAX_CONTENT_BYTES];

/* Decodes the frame at data, and ignores its checksums. Returns its length; 0: there is no
 * frame. */
static size_t decode_frame(const uint8_t *data, size_t size, size_t *ret_len)
{
	static const LZ4F_decompressOptions_t lenient = { .skipChecksums = 1 };
	LZ4F_dctx *context = NULL;
	size_t at = 0, len = 0, hint = 1;

	FUZZ_CHECK(!LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
	while (hint && !LZ4F_isError(hint) && at < size && len < sizeof(content)) {
		size_t src = size - at, dst = sizeof(content) - len;

		hint = LZ4F_decompress(context, content + len, &dst, data + at, &src, &lenient);
		at += src;
		len += dst;
	}
	LZ4F_freeDecompressionContext(context);
	*ret_len = len;
	return hint ? 0 : at;
}

static size_t encode_frame(uint8_t *to, size_t cap, size_t len)
{
	const LZ4F_preferences_t how = fuzz__frame_preferences(len);

	return cap < LZ4F_compressFrameBound(len, &how)
		       ? 0
		       : LZ4F_compressFrame(to, cap, content, len, &how);
}

/* Mutates the content of one frame. Returns the new size; 0: that is not possible. */
static size_t mutate_content(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t starts[MAX_FRAMES + 1] = { 0 }, cnt = 0, len, room, framed, rest;
	uint8_t *frame;

	while (cnt < MAX_FRAMES && starts[cnt] < size) {
		size_t taken = decode_frame(data + starts[cnt], size - starts[cnt], &len);

		if (!taken)
			break;
		starts[cnt + 1] = starts[cnt] + taken;
		cnt++;
	}
	if (!cnt)
		return 0;
	cnt = seed / 4 % cnt;
	(void)decode_frame(data + starts[cnt], size - starts[cnt], &len);
	len = LLVMFuzzerMutate(content, len, len + 64 < sizeof(content) ? len + 64 : len);
	rest = size - starts[cnt + 1];
	room = 2 * len + 1024;
	frame = malloc(room);
	FUZZ_CHECK(frame);
	framed = encode_frame(frame, room, len);
	if (framed && starts[cnt] + framed + rest <= max_size) {
		memmove(data + starts[cnt] + framed, data + starts[cnt + 1], rest);
		memcpy(data + starts[cnt], frame, framed);
		size = starts[cnt] + framed + rest;
	} else {
		size = 0;
	}
	free(frame);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t mutated = seed % 4 ? mutate_content(data, size, max_size, seed) : 0;

	return mutated ? mutated : LLVMFuzzerMutate(data, size, max_size);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Chunks are not joined: LZ4 looks back 64 KiB, which the columns of one chunk fill. Blocks stay
 * independent, as the format has them, but are as large as a chunk.
 *
 * In a segment of a stream a mark lies before each frame, with the frame's length (FORMAT.md,
 * "Segments of a stream"): it is written again, when that is known.
 */
#include <errno.h>
#include <lz4frame.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "frame_source.h"
#include "hash.h"
#include "repack.h"

/* A reader may refuse a file whose header takes much memory for what the file has before the first
 * chunk (FORMAT.md, section 7). The tables of a smaller header are always allowed. */
#define SMALL_HEADER_BYTES (1u << 20)
#define SKIPPABLE_HEAD     8u

#define MARK_BYTES   56u
#define MARK_KIND    12u /* where that is in a mark */
#define MARK_LENGTH  24u
#define MARK_HASHED  8u
#define MARK_HASH    48u
#define MARK_OF_END  4u /* kinds */
#define MARK_IS_LAST 5u

struct repack {
	int to;
	uint64_t offset;
	unsigned char *bytes;
	size_t capacity;
	unsigned frame_cnt;             /* that are not skippable */
	unsigned char mark[MARK_BYTES]; /* of the frame that comes */
	bool has_mark;
	uint64_t end_offset; /* of the end's mark */
	bool may_be_refused; /* if it has fewer bytes before the first chunk */
};

static int write_all(struct repack *repack, const unsigned char *bytes, size_t len)
{
	repack->offset += len;
	while (len) {
		const ssize_t written = write(repack->to, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}

static bool is_mark(const struct source_frame *frame)
{
	static const unsigned char magic[] = { 0x54, 0x2a, 0x4d, 0x18, 48,  0,
					       0,    0,    't',  't',  's', 'g' };

	return frame->is_skippable && frame->len == MARK_BYTES &&
	       !memcmp(frame->content, magic, sizeof(magic));
}

static void put_u64(unsigned char *to, uint64_t value)
{
	for (unsigned i = 0; i < sizeof(value); i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static int write_mark(struct repack *repack, uint64_t length)
{
	unsigned char *mark = repack->mark;

	put_u64(mark + MARK_LENGTH, length);
	put_u64(mark + MARK_HASH,
		hash__fnv(HASH_FNV_START, mark + MARK_HASHED, MARK_HASH - MARK_HASHED));
	if (mark[MARK_KIND] == MARK_OF_END)
		repack->end_offset = repack->offset;
	repack->has_mark = false;
	return write_all(repack, mark, MARK_BYTES);
}

/* The last one has no frame after it, but says where the end's mark is. */
static int copy_mark(struct repack *repack, const struct source_frame *frame)
{
	if (repack->has_mark)
		return -EBADMSG;
	memcpy(repack->mark, frame->content, MARK_BYTES);
	repack->has_mark = true;
	return repack->mark[MARK_KIND] == MARK_IS_LAST ? write_mark(repack, repack->end_offset) : 0;
}

static int write_frame(struct repack *repack, const struct source_frame *frame)
{
	const LZ4F_preferences_t preferences = {
		.frameInfo = {
			/* the header's are read by a collector, which reads only the first ones */
			.blockSizeID = repack->frame_cnt ? LZ4F_max4MB : LZ4F_max256KB,
			.blockMode = LZ4F_blockIndependent,
			.contentChecksumFlag = LZ4F_contentChecksumEnabled,
			.blockChecksumFlag = LZ4F_blockChecksumEnabled,
			.contentSize = frame->len,
		},
		.compressionLevel = LZ4F_compressionLevel_max(),
	};
	const size_t bound = LZ4F_compressFrameBound(frame->len, &preferences);
	size_t bytes;
	int err = 0;

	if (LZ4F_isError(bound) || array__reserve(repack->bytes, bound, &repack->capacity))
		return -ENOMEM;
	bytes = LZ4F_compressFrame(repack->bytes, repack->capacity, frame->content, frame->len,
				   &preferences);
	if (LZ4F_isError(bytes))
		return -ENOMEM;
	if (repack->has_mark)
		err = write_mark(repack, bytes);
	return err ? err : write_all(repack, repack->bytes, bytes);
}

/* Empty room, so that the first chunk is where it was. */
static int pad(struct repack *repack, uint64_t until)
{
	const size_t len = until > repack->offset ? until - repack->offset : 0;
	const size_t rest = len > SKIPPABLE_HEAD ? len - SKIPPABLE_HEAD : 0;
	const unsigned char head[SKIPPABLE_HEAD] = {
		0x50,       0x2a, 0x4d, 0x18, rest & 0xff, rest >> 8 & 0xff, rest >> 16 & 0xff,
		rest >> 24,
	};
	unsigned char *zeros;
	int err;

	if (!len)
		return 0;
	zeros = calloc(1, rest + 1);
	if (!zeros)
		return -ENOMEM;
	err = write_all(repack, head, sizeof(head));
	if (!err)
		err = write_all(repack, zeros, rest);
	free(zeros);
	return err;
}

static int copy_frame(struct repack *repack, const struct source_frame *frame)
{
	int err = 0;

	if (is_mark(frame))
		return copy_mark(repack, frame);
	if (frame->is_skippable) {
		repack->may_be_refused |= repack->frame_cnt == 1;
		return write_all(repack, frame->content, frame->len);
	}
	if (!repack->frame_cnt)
		repack->may_be_refused = frame->len > SMALL_HEADER_BYTES;
	else if (repack->frame_cnt == 1 && repack->may_be_refused)
		err = pad(repack, frame->offset);
	if (!err)
		err = write_frame(repack, frame);
	repack->frame_cnt++;
	return err;
}

int repack__copy(int from, int to)
{
	struct frame_source *source = frame_source__new(from);
	struct repack repack = { .to = to };
	struct source_frame frame;
	int more = source ? 1 : -ENOMEM, err = 0;

	while (more > 0 && !err) {
		more = frame_source__next(source, &frame);
		if (more > 0)
			err = copy_frame(&repack, &frame);
	}
	frame_source__free(source);
	free(repack.bytes);
	return err ? err : more;
}

/* The next one that is not skippable; as frame_source__next(). */
static int next_packed(struct frame_source *source, struct source_frame *ret)
{
	int more;

	do
		more = frame_source__next(source, ret);
	while (more > 0 && ret->is_skippable);
	return more;
}

int repack__compare(int a, int b, bool *ret_is_equal)
{
	struct frame_source *one = frame_source__new(a), *other = frame_source__new(b);
	struct source_frame in_one = { 0 }, in_other = { 0 };
	int more = one && other ? 1 : -ENOMEM, more_of_other;
	bool is_equal = true;

	while (more > 0 && is_equal) {
		more = next_packed(one, &in_one);
		if (more < 0)
			break;
		more_of_other = next_packed(other, &in_other);
		is_equal = more == more_of_other &&
			   (!more || (in_one.len == in_other.len &&
				      !memcmp(in_one.content, in_other.content, in_one.len)));
	}
	frame_source__free(one);
	frame_source__free(other);
	if (more < 0)
		return more;
	*ret_is_equal = is_equal;
	return 0;
}

int repack__write_header(int to, const void *content, size_t len)
{
	const struct source_frame frame = { .content = content, .len = len };
	struct repack repack = { .to = to };
	int err = write_frame(&repack, &frame);

	free(repack.bytes);
	return err;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <lz4frame.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "frame.h"
#include "handle.h"
#include "stream_mark.h"

#define WINDOW_MAX_BYTES       (256u << 10)
#define FRAME_HEADER_MAX_BYTES 19u
#define SKIPPABLE_HEADER_BYTES 8u
/* LZ4 expands by at most 255: a larger content size is wrong. */
#define LZ4_MAX_RATIO          255u

static const unsigned char MAGIC[4] = { 0x04, 0x22, 0x4d, 0x18 };

struct frame_file {
	struct handle handle;
	uint64_t size;
	unsigned char *window;
	size_t window_cap; /* at most the size of the file */
	uint64_t window_at;
	size_t window_len;
	unsigned char *content;
	size_t content_cap;
	LZ4F_dctx *dctx;
	/*
	 * How many bytes the search for whole frames may still read and decode. A hostile file may
	 * have frame starts everywhere, each of which claims all bytes that follow.
	 */
	uint64_t search_budget;
};

struct frame_file *frame_file__new(int fd, const char *path)
{
	struct frame_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	err = -handle__init(&file->handle, fd, path);
	if (err)
		goto fail;
	err = ENOMEM;
	file->size = (uint64_t)file->handle.st.st_size;
	file->window_cap = file->size < WINDOW_MAX_BYTES ? (size_t)file->size : WINDOW_MAX_BYTES;
	file->search_budget = (256u << 20) + 16 * file->size;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&file->dctx, LZ4F_VERSION)))
		goto fail;
	return file;
fail:
	frame_file__free(file);
	errno = err;
	return NULL;
}

void frame_file__free(struct frame_file *file)
{
	if (!file)
		return;
	LZ4F_freeDecompressionContext(file->dctx);
	free(file->content);
	free(file->window);
	handle__fini(&file->handle);
	free(file);
}

void frame_file__trim(struct frame_file *file)
{
	free(file->window);
	file->window = NULL;
	file->window_len = 0;
	free(file->content);
	file->content = NULL;
	file->content_cap = 0;
}

uint64_t frame_file__size(const struct frame_file *file)
{
	return file->size;
}

/* Gets at least `want` bytes at `offset` into the window; fewer at the end of the file. Returns how
 * many it has, or -errno. */
static ssize_t window__get(struct frame_file *file, uint64_t offset, size_t want,
			   const unsigned char **ret)
{
	bool is_inside, has_end;
	size_t have = 0;

	if (!file->window) {
		file->window = malloc(file->window_cap ? file->window_cap : 1);
		if (!file->window)
			return -ENOMEM;
	}
	is_inside = offset >= file->window_at && offset - file->window_at <= file->window_len;
	has_end = file->window_at + file->window_len >= file->size;
	if (is_inside)
		have = file->window_len - (size_t)(offset - file->window_at);
	if (have < want && !(is_inside && has_end)) {
		if (have)
			memmove(file->window, file->window + (offset - file->window_at), have);
		file->window_at = offset;
		file->window_len = have;
		while (have < want) {
			ssize_t got = handle__read(&file->handle, file->window + have,
						   file->window_cap - have, (off_t)(offset + have));
			if (got < 0)
				return got;
			if (!got)
				break;
			have += (size_t)got;
			file->window_len = have;
		}
	}
	if (have)
		*ret = file->window + (offset - file->window_at);
	return (ssize_t)have;
}

static uint64_t content_max_bytes(const struct frame_file *file)
{
	uint64_t max = FORMAT_CONTENT_BASE_BYTES + FORMAT_CONTENT_PER_BYTE * file->size;

	return max < FORMAT_HEADER_MAX_BYTES ? max : FORMAT_HEADER_MAX_BYTES;
}

static int content__reserve(struct frame_file *file, size_t bytes)
{
	if (bytes <= file->content_cap)
		return 0;
	/* not realloc(), which would copy the old content */
	free(file->content);
	file->content = malloc(bytes);
	file->content_cap = file->content ? bytes : 0;
	return file->content ? 0 : -ENOMEM;
}

/* What a frame's descriptor says. */
struct descriptor {
	size_t header_bytes, content_bytes;
	size_t block_max_bytes;
	size_t hint; /* bytes that the decoder asks for next */
};

/* Returns 0, -EBADMSG, or another -errno. */
static int begin(struct frame_file *file, uint64_t offset, struct descriptor *ret,
		 const char **ret_why)
{
	LZ4F_frameInfo_t info = LZ4F_INIT_FRAMEINFO;
	const unsigned char *p = NULL;
	ssize_t have = window__get(file, offset, FRAME_HEADER_MAX_BYTES, &p);
	size_t header_bytes, hint;
	uint64_t left = file->size - offset;

	if (have < 0)
		return (int)have;
	*ret_why = "there is no frame";
	if (have < 4 || memcmp(p, MAGIC, sizeof(MAGIC))) {
		if (have > 0 && have < 4 && !memcmp(p, MAGIC, (size_t)have))
			*ret_why = "the file is cut";
		else if (have >= (ssize_t)FORMAT_SEAL_MAGIC_BYTES &&
			 !memcmp(p, FORMAT_SEAL_MAGIC, FORMAT_SEAL_MAGIC_BYTES))
			*ret_why = "it is encrypted: ttlog-view --identity reads it";
		return -EBADMSG;
	}
	header_bytes = (size_t)have;
	LZ4F_resetDecompressionContext(file->dctx);
	hint = LZ4F_getFrameInfo(file->dctx, &info, p, &header_bytes);
	if (LZ4F_isError(hint)) {
		*ret_why = have < (ssize_t)FRAME_HEADER_MAX_BYTES ? "the file is cut"
								  : "the frame's descriptor is bad";
		return -EBADMSG;
	}
	*ret_why = "the frame is not of this format";
	if (info.frameType != LZ4F_frame || info.blockMode != LZ4F_blockIndependent ||
	    info.blockChecksumFlag != LZ4F_blockChecksumEnabled ||
	    info.contentChecksumFlag != LZ4F_contentChecksumEnabled || info.dictID ||
	    !info.contentSize)
		return -EBADMSG;
	*ret_why = "the frame claims too much content";
	if (info.contentSize > content_max_bytes(file) || info.contentSize / LZ4_MAX_RATIO > left)
		return -EBADMSG;
	*ret = (struct descriptor){
		.header_bytes = header_bytes,
		.content_bytes = (size_t)info.contentSize,
		/* 64 KiB, 256 KiB, 1 MiB, 4 MiB */
		.block_max_bytes = (size_t)1 << (8 + 2 * info.blockSizeID),
		.hint = hint,
	};
	return 0;
}

/*
 * Decodes the frame at `offset`. ret_cost: bytes read and decoded, also on failure.
 *
 * The decoder gets whole blocks, and room for one more after the content: else it copies both
 * through its own buffers.
 */
static int decode(struct frame_file *file, uint64_t offset, struct frame *ret, uint64_t *ret_cost,
		  const char **ret_why)
{
	static const LZ4F_decompressOptions_t stable = { .stableDst = 1 };
	struct descriptor found = { .hint = 0 };
	size_t len = 0, room;
	uint64_t at;
	int err = begin(file, offset, &found, ret_why);

	*ret_cost = FRAME_HEADER_MAX_BYTES;
	if (err)
		return err;
	room = found.content_bytes + found.block_max_bytes;
	err = content__reserve(file, room);
	if (err)
		return err;
	for (at = offset + found.header_bytes;;) {
		size_t want = found.hint < file->window_cap ? found.hint : file->window_cap;
		const unsigned char *p = NULL;
		ssize_t have = window__get(file, at, want, &p);
		size_t src = have > (ssize_t)want ? want : (size_t)have, dst = room - len;

		if (have < 0)
			return (int)have;
		if (!have) {
			*ret_why = "the file is cut";
			return -EBADMSG;
		}
		found.hint =
			LZ4F_decompress(file->dctx, file->content + len, &dst, p, &src, &stable);
		if (LZ4F_isError(found.hint)) {
			*ret_cost += want;
			*ret_why = "a checksum or length is wrong";
			return -EBADMSG;
		}
		at += src;
		len += dst;
		*ret_cost += src + dst;
		if (!found.hint)
			break;
		if (len > found.content_bytes || (!src && !dst)) {
			*ret_why = "the frame holds more than it claims";
			return -EBADMSG;
		}
	}
	if (len != found.content_bytes) {
		*ret_why = "the frame holds less than it claims";
		return -EBADMSG;
	}
	*ret = (struct frame){ .offset = offset, .end = at, .content = file->content, .len = len };
	return 0;
}

/* The next magic from `offset` on; the file's size if there is none. */
static int find_magic(struct frame_file *file, uint64_t offset, uint64_t *ret)
{
	for (;;) {
		const unsigned char *p = NULL, *hit;
		ssize_t have = window__get(file, offset, sizeof(MAGIC), &p);

		if (have < 0)
			return (int)have;
		if (have < (ssize_t)sizeof(MAGIC)) {
			*ret = file->size;
			return 0;
		}
		hit = memmem(p, (size_t)have, MAGIC, sizeof(MAGIC));
		if (hit) {
			*ret = offset + (uint64_t)(hit - p);
			return 0;
		}
		offset += (uint64_t)have - (sizeof(MAGIC) - 1);
	}
}

static int pass_skippable(struct frame_file *file, uint64_t *offset)
{
	for (;;) {
		const unsigned char *p = NULL;
		ssize_t have = window__get(file, *offset, SKIPPABLE_HEADER_BYTES, &p);
		uint64_t len;

		if (have < 0)
			return (int)have;
		if (have < (ssize_t)SKIPPABLE_HEADER_BYTES || (p[0] & 0xf0) != 0x50 ||
		    p[1] != 0x2a || p[2] != 0x4d || p[3] != 0x18)
			return 0;
		len = (uint64_t)p[4] | (uint64_t)p[5] << 8 | (uint64_t)p[6] << 16 |
		      (uint64_t)p[7] << 24;
		if (len > file->size - *offset - SKIPPABLE_HEADER_BYTES)
			return 0;
		*offset += SKIPPABLE_HEADER_BYTES + len;
	}
}

int frame_file__next(struct frame_file *file, uint64_t offset, struct frame *ret,
		     struct frame_damage *ret_damage)
{
	const char *why = "";
	uint64_t from, cost;
	int err = pass_skippable(file, &offset);

	*ret_damage = (struct frame_damage){ .why = "" };
	if (err)
		return err;
	if (offset >= file->size)
		return 0;
	err = decode(file, offset, ret, &cost, &why);
	if (err != -EBADMSG)
		return err ? err : 1;

	*ret_damage = (struct frame_damage){ .from = offset, .to = file->size, .why = why };
	for (from = offset;; from = offset) {
		if (file->search_budget < cost) {
			ret_damage->gave_up_at = from;
			return 0;
		}
		file->search_budget -= cost;
		err = find_magic(file, from + 1, &offset);
		if (err)
			return err;
		if (offset >= file->size)
			return 0;
		err = decode(file, offset, ret, &cost, &why);
		if (err == -EBADMSG)
			continue;
		ret_damage->to = offset;
		return err ? err : 1;
	}
}

int frame_file__at(struct frame_file *file, uint64_t offset, struct frame *ret)
{
	const char *why;
	uint64_t cost;

	return decode(file, offset, ret, &cost, &why);
}

int frame_file__mark(struct frame_file *file, uint64_t offset, struct stream_mark *ret)
{
	unsigned char bytes[STREAM_MARK_BYTES];
	ssize_t have;

	if (offset > file->size || file->size - offset < sizeof(bytes))
		return 0;
	/* not through the window: what lies between two marks is not read */
	have = handle__read(&file->handle, bytes, sizeof(bytes), (off_t)offset);
	if (have < 0)
		return (int)have;
	return have == (ssize_t)sizeof(bytes) && stream_mark__get(bytes, ret);
}

int frame_file__find_mark(struct frame_file *file, uint64_t offset, uint64_t end, uint64_t *ret)
{
	struct stream_mark mark;

	while (offset < end) {
		const unsigned char *p = NULL, *hit;
		ssize_t have = window__get(file, offset, STREAM_MARK_BYTES, &p);
		int found;

		if (have < 0)
			return (int)have;
		if (have < (ssize_t)STREAM_MARK_BYTES)
			break;
		hit = memmem(p, (size_t)have, stream_mark_head, sizeof(stream_mark_head));
		if (!hit) {
			offset += (uint64_t)have - (sizeof(stream_mark_head) - 1);
			continue;
		}
		offset += (uint64_t)(hit - p);
		found = frame_file__mark(file, offset, &mark);
		if (found < 0)
			return found;
		if (found && offset < end) {
			*ret = offset;
			return 0;
		}
		offset++;
	}
	*ret = end;
	return 0;
}

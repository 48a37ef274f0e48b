/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "hash.h"
#include "html_pack.h"
#include "out.h"
#include "protobuf.h"

#define BLOCK_BYTES (1u << 20)
#define BLOCK_TEXTS (1u << 16)
#define TABLE_CNT   (2 * BLOCK_TEXTS)
/* All texts of a hostile file may have one hash: a text without a place is packed again. */
#define MAX_PROBES  16u

struct html_pack_text {
	uint32_t number; /* plus 1; 0: none */
	uint32_t len;
	size_t at; /* in the block */
};

int html_pack__init(struct html_pack *ret)
{
	struct html_pack pack = { .texts = calloc(TABLE_CNT, sizeof(*pack.texts)) };

	if (!pack.texts || buffer__grow(&pack.block, BLOCK_BYTES + (BLOCK_BYTES >> 2))) {
		html_pack__fini(&pack);
		return -ENOMEM;
	}
	*ret = pack;
	return 0;
}

void html_pack__fini(struct html_pack *pack)
{
	buffer__fini(&pack->block);
	free(pack->texts);
	*pack = (struct html_pack){ .text_cnt = 0 };
}

void html_pack__u64(struct html_pack *pack, uint64_t v)
{
	char *at = buffer__room(&pack->block, PROTOBUF_VARINT_BYTES);

	if (at)
		pack->block.len += protobuf__varint(at, v);
}

void html_pack__i64(struct html_pack *pack, int64_t v)
{
	uint64_t twice = (uint64_t)v << 1;

	html_pack__u64(pack, v < 0 ? ~twice : twice);
}

void html_pack__f64(struct html_pack *pack, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	bits = htole64(bits);
	buffer__bytes(&pack->block, &bits, sizeof(bits));
}

/* The text's place, or a free place for it, or NULL. */
static struct html_pack_text *find(const struct html_pack *pack, struct ttlog_text text)
{
	uint64_t hash = hash__bytes(0, text.p, text.len);

	for (uint64_t i = 0; i < MAX_PROBES; i++) {
		struct html_pack_text *at = &pack->texts[(hash + i) & (TABLE_CNT - 1)];

		if (!at->number ||
		    (at->len == text.len &&
		     (!text.len || !memcmp(pack->block.bytes + at->at, text.p, text.len))))
			return at;
	}
	return NULL;
}

void html_pack__text(struct html_pack *pack, struct ttlog_text text, bool cut)
{
	struct html_pack_text *known = find(pack, text);

	if (known && known->number) {
		html_pack__u64(pack, (uint64_t)(known->number - 1) << 1 | cut);
		return;
	}
	html_pack__u64(pack, (uint64_t)pack->text_cnt++ << 1 | cut);
	html_pack__u64(pack, text.len);
	buffer__bytes(&pack->block, text.p, text.len);
	if (known && text.len <= UINT32_MAX && !pack->block.err)
		*known = (struct html_pack_text){ pack->text_cnt, (uint32_t)text.len,
						  pack->block.len - text.len };
}

bool html_pack__is_full(const struct html_pack *pack)
{
	return pack->block.len >= BLOCK_BYTES || pack->text_cnt >= BLOCK_TEXTS;
}

void html_pack__flush(struct html_pack *pack, struct out *out)
{
	const struct buffer *block = &pack->block;
	uLongf len = compressBound(block->len);
	unsigned char *deflated = block->err ? NULL : malloc(len);

	if (!deflated || compress2(deflated, &len, (const unsigned char *)block->bytes, block->len,
				   Z_DEFAULT_COMPRESSION))
		pack->block.err = -ENOMEM;
	else
		out__base64(out, (struct ttlog_text){ (const char *)deflated, len });
	free(deflated);
	pack->block.len = pack->text_cnt = 0;
	memset(pack->texts, 0, TABLE_CNT * sizeof(*pack->texts));
}

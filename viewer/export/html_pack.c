/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "array.h"
#include "hash.h"
#include "html_pack.h"
#include "out.h"

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
	struct html_pack pack = { .cap = BLOCK_BYTES + (BLOCK_BYTES >> 2) };

	pack.bytes = malloc(pack.cap);
	pack.texts = calloc(TABLE_CNT, sizeof(*pack.texts));
	if (!pack.bytes || !pack.texts) {
		html_pack__fini(&pack);
		return -ENOMEM;
	}
	*ret = pack;
	return 0;
}

void html_pack__fini(struct html_pack *pack)
{
	free(pack->bytes);
	free(pack->texts);
	*pack = (struct html_pack){ .len = 0 };
}

/* One event is bounded by the limits of the file, so this is bounded, too. */
static bool has_room(struct html_pack *pack, size_t len)
{
	if (!pack->err)
		pack->err = array__reserve(pack->bytes, pack->len + len, &pack->cap);
	return !pack->err;
}

void html_pack__u64(struct html_pack *pack, uint64_t v)
{
	if (!has_room(pack, 10))
		return;
	for (; v >= 0x80; v >>= 7)
		pack->bytes[pack->len++] = (unsigned char)(v | 0x80);
	pack->bytes[pack->len++] = (unsigned char)v;
}

void html_pack__i64(struct html_pack *pack, int64_t v)
{
	uint64_t twice = (uint64_t)v << 1;

	html_pack__u64(pack, v < 0 ? ~twice : twice);
}

static void raw(struct html_pack *pack, const void *p, size_t len)
{
	if (!len || !has_room(pack, len))
		return;
	memcpy(pack->bytes + pack->len, p, len);
	pack->len += len;
}

void html_pack__f64(struct html_pack *pack, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	bits = htole64(bits);
	raw(pack, &bits, sizeof(bits));
}

/* The text's place, or a free place for it, or NULL. */
static struct html_pack_text *find(const struct html_pack *pack, struct ttlog_text text)
{
	uint64_t hash = hash__bytes(0, text.p, text.len);

	for (uint64_t i = 0; i < MAX_PROBES; i++) {
		struct html_pack_text *at = &pack->texts[(hash + i) & (TABLE_CNT - 1)];

		if (!at->number || (at->len == text.len &&
				    (!text.len || !memcmp(pack->bytes + at->at, text.p, text.len))))
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
	if (known && text.len <= UINT32_MAX)
		*known = (struct html_pack_text){ pack->text_cnt, (uint32_t)text.len, pack->len };
	raw(pack, text.p, text.len);
}

bool html_pack__is_full(const struct html_pack *pack)
{
	return pack->len >= BLOCK_BYTES || pack->text_cnt >= BLOCK_TEXTS;
}

void html_pack__flush(struct html_pack *pack, struct out *out)
{
	uLongf len = compressBound(pack->len);
	unsigned char *deflated = pack->err ? NULL : malloc(len);

	if (!deflated || compress2(deflated, &len, pack->bytes, pack->len, Z_DEFAULT_COMPRESSION)) {
		pack->err = -ENOMEM;
	} else {
		out__base64(out, (struct ttlog_text){ (const char *)deflated, len });
	}
	free(deflated);
	pack->len = pack->text_cnt = 0;
	memset(pack->texts, 0, TABLE_CNT * sizeof(*pack->texts));
}

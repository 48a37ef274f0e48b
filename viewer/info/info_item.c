/* SPDX-License-Identifier: MIT */
#include "info_item.h"

struct ttlog_cbor info_item__find(struct ttlog_cbor in, const char *key)
{
	const struct ttlog_cbor none = { NULL, NULL };
	struct ttlog_cbor_item map, name;

	if (!in.at || ttlog_cbor_next(&in, &map) || map.kind != TTLOG_CBOR_MAP)
		return none;
	for (uint64_t i = 0; i < map.u && !ttlog_cbor_next(&in, &name); i++) {
		struct ttlog_cbor value = in;

		if (ttlog_cbor_skip(&in))
			break;
		if (ttlog_text_is(name.text, key))
			return (struct ttlog_cbor){ value.at, in.at };
	}
	return none;
}

bool info_item__is_filled_map(struct ttlog_cbor item)
{
	struct ttlog_cbor_item map;

	return item.at && !ttlog_cbor_next(&item, &map) && map.kind == TTLOG_CBOR_MAP && map.u;
}

void info_item__each_text(struct ttlog_cbor in,
			  void (*take)(void *to, struct ttlog_text key, struct ttlog_text value),
			  void *to)
{
	struct ttlog_cbor_item map, key, value;

	if (!in.at || ttlog_cbor_next(&in, &map) || map.kind != TTLOG_CBOR_MAP)
		return;
	for (uint64_t i = 0; i < map.u && !ttlog_cbor_next(&in, &key); i++) {
		struct ttlog_cbor skipped = in;

		if (ttlog_cbor_next(&in, &value))
			return;
		if (key.kind == TTLOG_CBOR_TEXT && value.kind == TTLOG_CBOR_TEXT) {
			take(to, key.text, value.text);
		} else {
			in = skipped;
			if (ttlog_cbor_skip(&in))
				return;
		}
	}
}

struct texts {
	struct out *out;
	bool any;
};

static void print_text(void *to, struct ttlog_text key, struct ttlog_text value)
{
	struct texts *texts = to;

	out__text(texts->out, texts->any ? ", " : "");
	out__plain(texts->out, key);
	out__char(texts->out, '=');
	out__plain(texts->out, value);
	texts->any = true;
}

void info_item__print_texts(struct out *out, struct ttlog_cbor in)
{
	info_item__each_text(in, print_text, &(struct texts){ .out = out });
}

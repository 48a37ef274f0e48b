/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "buffer.h"
#include "frame_names.h"
#include "named_header.h"

/* An item that was not read yet. */
static struct ttlog_cbor span(struct ttlog_cbor *in)
{
	const struct ttlog_cbor none = { NULL, NULL };
	const unsigned char *from = in->at;

	return ttlog_cbor_skip(in) ? none : (struct ttlog_cbor){ from, in->at };
}

static void put_bytes(struct buffer *to, struct ttlog_cbor item)
{
	buffer__bytes(to, item.at, (size_t)(item.end - item.at));
}

static void put_head(struct buffer *to, enum ttlog_cbor_kind kind, uint64_t v)
{
	const unsigned char major = (unsigned char)(kind << 5);
	unsigned bytes = v < 24 ? 0 : v < 0x100 ? 1 : v < 0x10000 ? 2 : v >> 32 ? 8 : 4;

	if (!bytes)
		buffer__byte(to, (unsigned char)(major | v));
	else
		buffer__byte(to, (unsigned char)(major | (bytes == 1   ? 24
							  : bytes == 2 ? 25
							  : bytes == 4 ? 26
								       : 27)));
	while (bytes--)
		buffer__byte(to, (unsigned char)(v >> 8 * bytes));
}

static void put_text(struct buffer *to, const char *zero_terminated)
{
	struct buffer text = { .len = 0 };

	buffer__text(&text, ttlog_text_of(zero_terminated));
	put_head(to, TTLOG_CBOR_TEXT, text.len);
	buffer__bytes(to, text.bytes, text.len);
	to->err = to->err ? to->err : text.err;
	buffer__fini(&text);
}

/* The elements of an array, or the pairs of a map. */
static int enter(struct ttlog_cbor *in, enum ttlog_cbor_kind kind, uint64_t *ret_cnt)
{
	struct ttlog_cbor_item item;

	if (ttlog_cbor_next(in, &item) || item.kind != kind)
		return -EBADMSG;
	*ret_cnt = item.u;
	return 0;
}

static bool is_key(struct ttlog_cbor key, const char *name)
{
	struct ttlog_cbor_item item;

	return !ttlog_cbor_next(&key, &item) && item.kind == TTLOG_CBOR_TEXT &&
	       ttlog_text_is(item.text, name);
}

/* ---- A frame ---- */

static bool is_replaced(struct ttlog_cbor key, const struct frame_name *name)
{
	return (name->symbol && is_key(key, "symbol")) || is_key(key, "file") ||
	       is_key(key, "line");
}

/* The frame with another name; a frame that has one keeps it if the new one is not known. */
static int put_frame(struct buffer *to, struct ttlog_cbor frame, const struct frame_name *name)
{
	struct buffer kept = { .len = 0 };
	uint64_t cnt, kept_cnt = 0;
	int err = enter(&frame, TTLOG_CBOR_MAP, &cnt);

	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor key = span(&frame), value = span(&frame);

		if (!key.at || !value.at)
			err = -EBADMSG;
		if (err || is_replaced(key, name))
			continue;
		put_bytes(&kept, key);
		put_bytes(&kept, value);
		kept_cnt++;
	}
	put_head(to, TTLOG_CBOR_MAP,
		 kept_cnt + (name->symbol ? 1 : 0) + (name->file ? 1 : 0) + (name->line ? 1 : 0));
	buffer__bytes(to, kept.bytes, kept.len);
	to->err = to->err ? to->err : kept.err;
	buffer__fini(&kept);
	if (name->symbol) {
		put_text(to, "symbol");
		put_text(to, name->symbol);
	}
	if (name->file) {
		put_text(to, "file");
		put_text(to, name->file);
	}
	if (name->line) {
		put_text(to, "line");
		put_head(to, TTLOG_CBOR_UINT, name->line);
	}
	return err;
}

static int put_frames(struct buffer *to, struct ttlog_cbor in, const struct frame_names *names,
		      size_t stack)
{
	uint64_t cnt, all;
	int err = enter(&in, TTLOG_CBOR_ARRAY, &cnt);

	if (err)
		return err;
	all = cnt;
	for (size_t i = 0; i < names->cnt; i++) {
		const struct frame_to_name *named = &names->list[i];

		if (named->stack == stack && named->is_named && named->frame < cnt)
			all += named->name_cnt - 1;
	}
	put_head(to, TTLOG_CBOR_ARRAY, all);
	for (uint64_t i = 0; !err && i < cnt; i++) {
		const struct frame_to_name *named = frame_names__find(names, stack, (size_t)i);
		struct ttlog_cbor frame = span(&in);

		if (!frame.at)
			return -EBADMSG;
		if (!named)
			put_bytes(to, frame);
		for (size_t k = 0; named && !err && k < named->name_cnt; k++)
			err = put_frame(to, frame, &named->names[k]);
	}
	return err;
}

/* ---- What is around it ---- */

struct walk {
	struct buffer *to;
	const struct frame_names *names;
	size_t thread;
};

/* Whether the value of that key was written. */
typedef int (*put_value_fn)(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			    bool *ret_done);

static int put_map(struct walk *walk, struct ttlog_cbor in, put_value_fn put_value)
{
	uint64_t cnt;
	int err = enter(&in, TTLOG_CBOR_MAP, &cnt);

	if (err)
		return err;
	put_head(walk->to, TTLOG_CBOR_MAP, cnt);
	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor key = span(&in), value = span(&in);
		bool is_done = false;

		if (!key.at || !value.at)
			return -EBADMSG;
		put_bytes(walk->to, key);
		err = put_value(walk, key, value, &is_done);
		if (!is_done)
			put_bytes(walk->to, value);
	}
	return err;
}

static int put_in_thread(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			 bool *ret_done)
{
	*ret_done = is_key(key, "frames");
	return *ret_done ? put_frames(walk->to, value, walk->names,
				      FRAME_STACK_THREADS + walk->thread)
			 : 0;
}

static int put_threads(struct walk *walk, struct ttlog_cbor in)
{
	uint64_t cnt;
	int err = enter(&in, TTLOG_CBOR_ARRAY, &cnt);

	if (err)
		return err;
	put_head(walk->to, TTLOG_CBOR_ARRAY, cnt);
	for (walk->thread = 0; !err && walk->thread < cnt; walk->thread++) {
		struct ttlog_cbor thread = span(&in);

		err = thread.at ? put_map(walk, thread, put_in_thread) : -EBADMSG;
	}
	return err;
}

static int put_in_crash(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			bool *ret_done)
{
	*ret_done = true;
	if (is_key(key, "frames"))
		return put_frames(walk->to, value, walk->names, FRAME_STACK_CRASH);
	if (is_key(key, "outer_frames"))
		return put_frames(walk->to, value, walk->names, FRAME_STACK_OUTER);
	if (is_key(key, "threads"))
		return put_threads(walk, value);
	*ret_done = false;
	return 0;
}

static int put_in_header(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			 bool *ret_done)
{
	*ret_done = is_key(key, "crash");
	return *ret_done ? put_map(walk, value, put_in_crash) : 0;
}

int named_header__make(struct buffer *to, struct ttlog_cbor header, const struct frame_names *names)
{
	struct walk walk = { .to = to, .names = names };
	int err = put_map(&walk, header, put_in_header);

	return err ? err : to->err;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "buffer.h"
#include "cbor_copy.h"
#include "frame_names.h"
#include "named_header.h"

/* ---- A frame ---- */

static bool is_replaced(struct ttlog_cbor key, const struct frame_name *name)
{
	return (name->symbol && cbor_copy__is_text(key, "symbol")) ||
	       cbor_copy__is_text(key, "file") || cbor_copy__is_text(key, "line");
}

/* The frame with another name; a frame that has one keeps it if the new one is not known. */
static int put_frame(struct buffer *to, struct ttlog_cbor frame, const struct frame_name *name)
{
	struct buffer kept = { .len = 0 };
	uint64_t cnt, kept_cnt = 0;
	int err = cbor_copy__enter(&frame, TTLOG_CBOR_MAP, &cnt);

	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor key = cbor_copy__span(&frame), value = cbor_copy__span(&frame);

		if (!key.at || !value.at)
			err = -EBADMSG;
		if (err || is_replaced(key, name))
			continue;
		cbor_copy__put(&kept, key);
		cbor_copy__put(&kept, value);
		kept_cnt++;
	}
	cbor_copy__put_head(to, TTLOG_CBOR_MAP,
			    kept_cnt + (name->symbol ? 1 : 0) + (name->file ? 1 : 0) +
				    (name->line ? 1 : 0));
	buffer__bytes(to, kept.bytes, kept.len);
	to->err = to->err ? to->err : kept.err;
	buffer__fini(&kept);
	if (name->symbol) {
		cbor_copy__put_text(to, "symbol");
		cbor_copy__put_text(to, name->symbol);
	}
	if (name->file) {
		cbor_copy__put_text(to, "file");
		cbor_copy__put_text(to, name->file);
	}
	if (name->line) {
		cbor_copy__put_text(to, "line");
		cbor_copy__put_head(to, TTLOG_CBOR_UINT, name->line);
	}
	return err;
}

static int put_frames(struct buffer *to, struct ttlog_cbor in, const struct frame_names *names,
		      size_t stack)
{
	uint64_t cnt, all;
	int err = cbor_copy__enter(&in, TTLOG_CBOR_ARRAY, &cnt);

	if (err)
		return err;
	all = cnt;
	for (size_t i = 0; i < names->cnt; i++) {
		const struct frame_to_name *named = &names->list[i];

		if (named->stack == stack && named->is_named && named->frame < cnt)
			all += named->name_cnt - 1;
	}
	cbor_copy__put_head(to, TTLOG_CBOR_ARRAY, all);
	for (uint64_t i = 0; !err && i < cnt; i++) {
		const struct frame_to_name *named = frame_names__find(names, stack, (size_t)i);
		struct ttlog_cbor frame = cbor_copy__span(&in);

		if (!frame.at)
			return -EBADMSG;
		if (!named)
			cbor_copy__put(to, frame);
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
	int err = cbor_copy__enter(&in, TTLOG_CBOR_MAP, &cnt);

	if (err)
		return err;
	cbor_copy__put_head(walk->to, TTLOG_CBOR_MAP, cnt);
	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor key = cbor_copy__span(&in), value = cbor_copy__span(&in);
		bool is_done = false;

		if (!key.at || !value.at)
			return -EBADMSG;
		cbor_copy__put(walk->to, key);
		err = put_value(walk, key, value, &is_done);
		if (!is_done)
			cbor_copy__put(walk->to, value);
	}
	return err;
}

static int put_in_thread(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			 bool *ret_done)
{
	*ret_done = cbor_copy__is_text(key, "frames");
	return *ret_done ? put_frames(walk->to, value, walk->names,
				      FRAME_STACK_THREADS + walk->thread)
			 : 0;
}

static int put_threads(struct walk *walk, struct ttlog_cbor in)
{
	uint64_t cnt;
	int err = cbor_copy__enter(&in, TTLOG_CBOR_ARRAY, &cnt);

	if (err)
		return err;
	cbor_copy__put_head(walk->to, TTLOG_CBOR_ARRAY, cnt);
	for (walk->thread = 0; !err && walk->thread < cnt; walk->thread++) {
		struct ttlog_cbor thread = cbor_copy__span(&in);

		err = thread.at ? put_map(walk, thread, put_in_thread) : -EBADMSG;
	}
	return err;
}

static int put_in_crash(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			bool *ret_done)
{
	*ret_done = true;
	if (cbor_copy__is_text(key, "frames"))
		return put_frames(walk->to, value, walk->names, FRAME_STACK_CRASH);
	if (cbor_copy__is_text(key, "outer_frames"))
		return put_frames(walk->to, value, walk->names, FRAME_STACK_OUTER);
	if (cbor_copy__is_text(key, "threads"))
		return put_threads(walk, value);
	*ret_done = false;
	return 0;
}

/* ---- The stacks of events ---- */

/* Where the names of frame `number` begin in the new array, and how many there are. */
static void find_numbers(const struct frame_names *names, uint64_t number, uint64_t *ret_first,
			 size_t *ret_cnt)
{
	const size_t before = frame_names__before(names, FRAME_STACK_EVENTS, (size_t)number);
	const struct frame_to_name *named =
		frame_names__find(names, FRAME_STACK_EVENTS, (size_t)number);

	*ret_first = number + before;
	*ret_cnt = named ? named->name_cnt : 1;
}

/* A list of frames with their new numbers. */
static int put_list(struct walk *walk, struct ttlog_cbor in)
{
	struct buffer numbers = { .len = 0 };
	uint64_t cnt, first, all = 0;
	int err = cbor_copy__enter(&in, TTLOG_CBOR_ARRAY, &cnt);

	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor_item item;
		size_t name_cnt;

		if (ttlog_cbor_next(&in, &item) || item.kind != TTLOG_CBOR_UINT) {
			err = -EBADMSG;
			break;
		}
		find_numbers(walk->names, item.u, &first, &name_cnt);
		for (size_t k = 0; k < name_cnt; k++)
			cbor_copy__put_head(&numbers, TTLOG_CBOR_UINT, first + k);
		all += name_cnt;
	}
	cbor_copy__put_head(walk->to, TTLOG_CBOR_ARRAY, all);
	buffer__bytes(walk->to, numbers.bytes, numbers.len);
	walk->to->err = walk->to->err ? walk->to->err : numbers.err;
	buffer__fini(&numbers);
	return err;
}

static int put_lists(struct walk *walk, struct ttlog_cbor in)
{
	uint64_t cnt;
	int err = cbor_copy__enter(&in, TTLOG_CBOR_ARRAY, &cnt);

	if (err)
		return err;
	cbor_copy__put_head(walk->to, TTLOG_CBOR_ARRAY, cnt);
	for (uint64_t i = 0; !err && i < cnt; i++) {
		const struct ttlog_cbor list = cbor_copy__span(&in);

		err = list.at ? put_list(walk, list) : -EBADMSG;
	}
	return err;
}

static int put_in_stacks(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			 bool *ret_done)
{
	*ret_done = true;
	if (cbor_copy__is_text(key, "frames"))
		return put_frames(walk->to, value, walk->names, FRAME_STACK_EVENTS);
	if (cbor_copy__is_text(key, "lists"))
		return put_lists(walk, value);
	*ret_done = false;
	return 0;
}

static int put_in_header(struct walk *walk, struct ttlog_cbor key, struct ttlog_cbor value,
			 bool *ret_done)
{
	*ret_done = true;
	if (cbor_copy__is_text(key, "crash"))
		return put_map(walk, value, put_in_crash);
	if (cbor_copy__is_text(key, "stacks"))
		return put_map(walk, value, put_in_stacks);
	*ret_done = false;
	return 0;
}

int named_header__make_tables(struct buffer *to, struct ttlog_cbor header,
			      const struct frame_names *names)
{
	const struct ttlog_cbor stacks = cbor_copy__find(header, "stacks");
	struct walk walk = { .to = to, .names = names };
	int err;

	if (!stacks.at)
		return -EBADMSG;
	cbor_copy__put_head(to, TTLOG_CBOR_MAP, 2);
	cbor_copy__put_text(to, "item");
	cbor_copy__put_text(to, "tables");
	cbor_copy__put_text(to, "stacks");
	err = put_map(&walk, stacks, put_in_stacks);
	return err ? err : to->err;
}

int named_header__make(struct buffer *to, struct ttlog_cbor header, const struct frame_names *names)
{
	struct walk walk = { .to = to, .names = names };
	int err = put_map(&walk, header, put_in_header);

	return err ? err : to->err;
}

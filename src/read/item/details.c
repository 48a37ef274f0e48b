/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A key that may stand in a map, and where its value goes: to one of the three. */
struct want {
	const char *key;
	struct ttlog_text *text;
	int64_t *number;
	uint64_t *count;
	bool *has;               /* of a number, a count */
	struct ttlog_cbor *item; /* any other value, as it stands */
};

static void take(const struct want *want, struct ttlog_cbor value)
{
	uint64_t number;

	if (want->item && !want->item->at)
		*want->item = value;
	if (want->text && !want->text->p)
		(void)cbor_reader__text(&value, want->text);
	if (want->number && !*want->has && !cbor_reader__int(&value, &number)) {
		*want->number = (int64_t)number;
		*want->has = true;
	}
	if (want->count && !*want->has && !cbor_reader__uint(&value, want->count))
		*want->has = true;
}

static void take_map(struct ttlog_cbor map, const struct want *wants, size_t want_cnt)
{
	uint64_t pairs;

	if (cbor_reader__map(&map, &pairs))
		return;
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_cbor value;
		struct ttlog_text key;

		if (cbor_reader__text(&map, &key))
			return;
		value = map;
		if (ttlog_cbor_skip(&map))
			return;
		value.end = map.at;
		for (size_t k = 0; k < want_cnt; k++) {
			if (ttlog_text_is(key, wants[k].key))
				take(&wants[k], value);
		}
	}
}

static void parse_sender(struct ttlog_exit *end, struct ttlog_cbor map)
{
	bool has_uid = false;
	const struct want wants[] = {
		{ "pid", .count = &end->sender_pid, .has = &end->has_sender },
		{ "uid", .count = &end->sender_uid, .has = &has_uid },
		{ "comm", .text = &end->sender_comm },
	};

	if (map.at)
		take_map(map, wants, ARRAY_SIZE(wants));
}

static bool is_true(struct ttlog_cbor value)
{
	struct ttlog_cbor_item item;

	return !ttlog_cbor_next(&value, &item) && item.kind == TTLOG_CBOR_BOOL && item.u;
}

int details__parse_exit(struct ttlog_exit *ret, struct ttlog_cbor map)
{
	struct ttlog_cbor sender = { NULL, NULL }, oom = { NULL, NULL };
	const struct want wants[] = {
		{ "code", .number = &ret->code, .has = &ret->has_code },
		{ "signal", .text = &ret->signal },
		{ "number", .number = &ret->number, .has = &ret->has_number },
		{ "sender", .item = &sender },
		{ "oom", .item = &oom },
		{ "max_rss_bytes", .count = &ret->max_rss_bytes, .has = &ret->has_max_rss },
	};

	*ret = (struct ttlog_exit){ .is_there = true };
	take_map(map, wants, ARRAY_SIZE(wants));
	parse_sender(ret, sender);
	ret->is_oom = is_true(oom);
	return 0;
}

/* ---- The crash ---- */

static int parse_registers(struct ttlog_crash *crash, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_register *registers;
	uint64_t pairs, cnt;

	if (!map.at || cbor_reader__map(&map, &pairs) || !pairs)
		return 0;
	cnt = pairs < DETAILS_MAX_REGISTERS ? pairs : DETAILS_MAX_REGISTERS;
	registers = arena__alloc(arena, cnt, sizeof(*registers));
	if (!registers)
		return -ENOMEM;
	crash->registers = registers;
	while (crash->register_cnt < cnt) {
		struct ttlog_register *to = &registers[crash->register_cnt];

		if (cbor_reader__text(&map, &to->name) || cbor_reader__text(&map, &to->value))
			break;
		crash->register_cnt++;
	}
	crash->register_more = pairs - crash->register_cnt;
	return 0;
}

static void parse_frame(struct ttlog_frame *frame, struct ttlog_cbor map)
{
	const struct want wants[] = {
		{ "ip", .text = &frame->ip },
		{ "module", .text = &frame->module },
		{ "build_id", .text = &frame->build_id },
		{ "offset", .text = &frame->offset },
		{ "symbol", .text = &frame->symbol },
		{ "file", .text = &frame->file },
		{ "line", .count = &frame->line, .has = &frame->has_line },
	};

	*frame = (struct ttlog_frame){ .has_line = false };
	take_map(map, wants, ARRAY_SIZE(wants));
}

/* Whether a symbol ends in +0x and digits: that of a function with code of its own. */
static bool has_offset(struct ttlog_text symbol)
{
	size_t at = symbol.len;

	while (at && memchr("0123456789abcdef", symbol.p[at - 1], 16))
		at--;
	return at < symbol.len && at >= 3 && !memcmp(symbol.p + at - 3, "+0x", 3);
}

/* Frames of a recursion have one ip, too, but their symbols have offsets. */
static bool is_inlined(const struct ttlog_frame *frame, const struct ttlog_frame *next)
{
	return frame->symbol.p && !has_offset(frame->symbol) && frame->ip.p && next->ip.p &&
	       ttlog_text_equal(frame->ip, next->ip);
}

struct frame_list {
	const struct ttlog_frame *const *frames;
	size_t cnt;
	uint64_t more;
};

static int parse_frames(struct frame_list *ret, struct ttlog_cbor in, struct arena *arena)
{
	const struct ttlog_frame **list;
	struct ttlog_frame *frames;
	uint64_t all, cnt;

	*ret = (struct frame_list){ .cnt = 0 };
	if (!in.at || cbor_reader__array(&in, &all) || !all)
		return 0;
	cnt = all < DETAILS_MAX_FRAMES ? all : DETAILS_MAX_FRAMES;
	frames = arena__alloc(arena, cnt, sizeof(*frames));
	list = arena__alloc(arena, cnt, sizeof(*list));
	if (!frames || !list)
		return -ENOMEM;
	ret->frames = list;
	for (uint64_t i = 0; i < cnt; i++) {
		struct ttlog_cbor frame = in;

		if (ttlog_cbor_skip(&in))
			break;
		frame.end = in.at;
		list[i] = &frames[i];
		parse_frame(&frames[i], frame);
		ret->cnt++;
	}
	for (size_t i = 0; i + 1 < ret->cnt; i++)
		frames[i].is_inlined = is_inlined(&frames[i], &frames[i + 1]);
	ret->more = all - ret->cnt;
	return 0;
}

/* The innermost and the outermost ones. */
static int parse_stack(struct ttlog_crash *crash, struct ttlog_cbor inner, struct ttlog_cbor outer,
		       struct arena *arena)
{
	struct frame_list list;
	int err = parse_frames(&list, inner, arena);

	if (err)
		return err;
	crash->frames = list.frames;
	crash->frame_cnt = list.cnt;
	crash->frame_more = list.more;
	err = parse_frames(&list, outer, arena);
	if (err)
		return err;
	crash->outer_frames = list.frames;
	crash->outer_cnt = list.cnt;
	return 0;
}

static int parse_thread(struct ttlog_crash_thread *thread, struct ttlog_cbor map,
			struct arena *arena)
{
	struct ttlog_cbor frames = { NULL, NULL };
	struct frame_list list;
	bool has_tid = false;
	const struct want wants[] = {
		{ "tid", .count = &thread->tid, .has = &has_tid },
		{ "thread", .text = &thread->thread },
		{ "frames", .item = &frames },
	};
	int err;

	*thread = (struct ttlog_crash_thread){ .tid = 0 };
	take_map(map, wants, ARRAY_SIZE(wants));
	err = parse_frames(&list, frames, arena);
	thread->frames = list.frames;
	thread->frame_cnt = list.cnt;
	return err;
}

static int parse_threads(struct ttlog_crash *crash, struct ttlog_cbor in, struct arena *arena)
{
	const struct ttlog_crash_thread **list;
	struct ttlog_crash_thread *threads;
	uint64_t all, cnt;
	int err = 0;

	if (!in.at || cbor_reader__array(&in, &all) || !all)
		return 0;
	cnt = all < DETAILS_MAX_THREADS ? all : DETAILS_MAX_THREADS;
	threads = arena__alloc(arena, cnt, sizeof(*threads));
	list = arena__alloc(arena, cnt, sizeof(*list));
	if (!threads || !list)
		return -ENOMEM;
	crash->threads = list;
	for (uint64_t i = 0; !err && i < cnt; i++) {
		struct ttlog_cbor thread = in;

		if (ttlog_cbor_skip(&in))
			break;
		thread.end = in.at;
		list[i] = &threads[i];
		err = parse_thread(&threads[i], thread, arena);
		crash->thread_cnt++;
	}
	return err;
}

static void parse_exception(struct ttlog_crash *crash, struct ttlog_cbor map)
{
	const struct want wants[] = {
		{ "type", .text = &crash->exception_type },
		{ "what", .text = &crash->exception_what },
	};

	if (map.at)
		take_map(map, wants, ARRAY_SIZE(wants));
}

int details__parse_crash(struct ttlog_crash *ret, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_cbor registers = { NULL, NULL }, frames = { NULL, NULL };
	struct ttlog_cbor reraised = { NULL, NULL }, exception = { NULL, NULL };
	struct ttlog_cbor outer = { NULL, NULL }, overflow = { NULL, NULL };
	struct ttlog_cbor threads = { NULL, NULL };
	const struct want wants[] = {
		{ "signal", .text = &ret->signal },
		{ "number", .number = &ret->number, .has = &ret->has_number },
		{ "code", .number = &ret->code, .has = &ret->has_code },
		{ "address", .text = &ret->address },
		{ "tid", .count = &ret->tid, .has = &ret->has_tid },
		{ "thread", .text = &ret->thread },
		{ "registers", .item = &registers },
		{ "frames", .item = &frames },
		{ "reraised", .item = &reraised },
		{ "exception", .item = &exception },
		{ "cut", .text = &ret->cut },
		{ "outer_frames", .item = &outer },
		{ "stack_overflow", .item = &overflow },
		{ "threads", .item = &threads },
	};
	int err;

	*ret = (struct ttlog_crash){ .is_there = true };
	take_map(map, wants, ARRAY_SIZE(wants));
	ret->is_reraised = is_true(reraised);
	ret->is_stack_overflow = is_true(overflow);
	parse_exception(ret, exception);
	err = parse_registers(ret, registers, arena);
	if (!err)
		err = parse_stack(ret, frames, outer, arena);
	if (!err)
		err = parse_threads(ret, threads, arena);
	if (err)
		*ret = (struct ttlog_crash){ .is_there = false };
	return err;
}

/* ---- Losses ---- */

int details__parse_lost(struct ttlog_lost *ret, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_cause *causes;
	uint64_t pairs;

	*ret = (struct ttlog_lost){ .is_there = false };
	if (cbor_reader__map(&map, &pairs))
		return 0;
	causes = arena__alloc(arena, DETAILS_MAX_CAUSES, sizeof(*causes));
	if (!causes)
		return -ENOMEM;
	*ret = (struct ttlog_lost){ .is_there = true, .causes = causes };
	for (uint64_t i = 0; i < pairs; i++) {
		struct ttlog_cause cause;

		if (cbor_reader__text(&map, &cause.name) || cbor_reader__uint(&map, &cause.cnt))
			break;
		if (ttlog_text_is(cause.name, "total"))
			ret->total = cause.cnt;
		else if (ret->cause_cnt < DETAILS_MAX_CAUSES)
			causes[ret->cause_cnt++] = cause;
	}
	return 0;
}

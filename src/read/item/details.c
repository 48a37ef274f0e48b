/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "array.h"
#include "details.h"

/* A key that a map may have, and where its value goes. A value of another type is ignored. */
struct want {
	const char *key;
	struct ttlog_text *text;
	int64_t *number;
	uint64_t *count;
	bool *has;               /* of a number, a count */
	struct ttlog_cbor *item; /* any value, undecoded */
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

		if (cbor_reader__text(&map, &key) || cbor_reader__span(&map, &value))
			return;
		for (size_t k = 0; k < want_cnt; k++) {
			if (ttlog_text_is(key, wants[k].key))
				take(&wants[k], value);
		}
	}
}

static bool is_true(struct ttlog_cbor value)
{
	struct ttlog_cbor_item item;

	return !ttlog_cbor_next(&value, &item) && item.kind == TTLOG_CBOR_BOOL && item.u;
}

void details__parse_exit(struct ttlog_exit *ret, struct ttlog_cbor map)
{
	struct ttlog_cbor sender = { NULL, NULL }, oom = { NULL, NULL };
	bool has_uid = false;
	const struct want of_sender[] = {
		{ "pid", .count = &ret->sender_pid, .has = &ret->has_sender },
		{ "uid", .count = &ret->sender_uid, .has = &has_uid },
		{ "comm", .text = &ret->sender_comm },
	};
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
	take_map(sender, of_sender, ARRAY_SIZE(of_sender));
	ret->is_oom = is_true(oom);
}

/* ---- The crash ---- */

static int parse_registers(struct ttlog_crash *crash, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_register *registers;
	uint64_t pairs, cnt;

	if (cbor_reader__map(&map, &pairs) || !pairs)
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

/* An array of maps: their structs, and pointers to these. */
struct list {
	void *structs, **pointers;
	size_t cnt;
	uint64_t more; /* maps that were left out */
};

static int parse_list(struct list *ret, struct ttlog_cbor in, struct arena *arena, size_t max_cnt,
		      size_t struct_bytes,
		      int (*parse_one)(void *ret, struct ttlog_cbor map, struct arena *arena))
{
	struct ttlog_cbor map;
	uint64_t all, cnt;
	int err = 0;

	*ret = (struct list){ .cnt = 0 };
	if (cbor_reader__array(&in, &all) || !all)
		return 0;
	cnt = all < max_cnt ? all : max_cnt;
	ret->structs = arena__alloc(arena, cnt, struct_bytes);
	ret->pointers = arena__alloc(arena, cnt, sizeof(*ret->pointers));
	if (!ret->structs || !ret->pointers)
		return -ENOMEM;
	while (!err && ret->cnt < cnt && !cbor_reader__span(&in, &map)) {
		ret->pointers[ret->cnt] = (char *)ret->structs + ret->cnt * struct_bytes;
		err = parse_one(ret->pointers[ret->cnt++], map, arena);
	}
	ret->more = all - ret->cnt;
	return err;
}

static int parse_frame(void *ret, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_frame *frame = ret;
	const struct want wants[] = {
		{ "ip", .text = &frame->ip },
		{ "module", .text = &frame->module },
		{ "build_id", .text = &frame->build_id },
		{ "offset", .text = &frame->offset },
		{ "symbol", .text = &frame->symbol },
		{ "file", .text = &frame->file },
		{ "line", .count = &frame->line, .has = &frame->has_line },
	};

	(void)arena;
	*frame = (struct ttlog_frame){ .has_line = false };
	take_map(map, wants, ARRAY_SIZE(wants));
	return 0;
}

/* Whether a symbol ends in +0x and digits. That of an inlined function does not. */
static bool has_offset(struct ttlog_text symbol)
{
	size_t at = symbol.len;

	while (at && memchr("0123456789abcdef", symbol.p[at - 1], 16))
		at--;
	return at < symbol.len && at >= 3 && !memcmp(symbol.p + at - 3, "+0x", 3);
}

/* In a recursion frames have the same ip, too, but their symbols have offsets. */
static bool is_inlined(const struct ttlog_frame *frame, const struct ttlog_frame *next)
{
	return frame->symbol.p && !has_offset(frame->symbol) && frame->ip.p && next->ip.p &&
	       ttlog_text_equal(frame->ip, next->ip);
}

int details__parse_frames(struct ttlog_cbor in, struct arena *arena, size_t max_cnt,
			  const struct ttlog_frame *const **ret, size_t *ret_cnt)
{
	struct list list;
	int err = parse_list(&list, in, arena, max_cnt, sizeof(struct ttlog_frame), parse_frame);
	struct ttlog_frame *frames = list.structs;

	for (size_t i = 0; i < list.cnt; i++)
		frames[i].is_inlined = frames[i].symbol.p && !has_offset(frames[i].symbol);
	*ret = (const struct ttlog_frame *const *)list.pointers;
	*ret_cnt = list.cnt;
	return err;
}

static int parse_frames(struct ttlog_cbor in, struct arena *arena,
			const struct ttlog_frame *const **ret, size_t *ret_cnt, uint64_t *ret_more)
{
	struct list list;
	int err = parse_list(&list, in, arena, DETAILS_MAX_FRAMES, sizeof(struct ttlog_frame),
			     parse_frame);
	struct ttlog_frame *frames = list.structs;

	for (size_t i = 0; i + 1 < list.cnt; i++)
		frames[i].is_inlined = is_inlined(&frames[i], &frames[i + 1]);
	*ret = (const struct ttlog_frame *const *)list.pointers;
	*ret_cnt = list.cnt;
	*ret_more = list.more;
	return err;
}

static int parse_thread(void *ret, struct ttlog_cbor map, struct arena *arena)
{
	struct ttlog_crash_thread *thread = ret;
	struct ttlog_cbor frames = { NULL, NULL };
	uint64_t more;
	bool has_tid = false;
	const struct want wants[] = {
		{ "tid", .count = &thread->tid, .has = &has_tid },
		{ "thread", .text = &thread->thread },
		{ "frames", .item = &frames },
	};

	*thread = (struct ttlog_crash_thread){ .tid = 0 };
	take_map(map, wants, ARRAY_SIZE(wants));
	return parse_frames(frames, arena, &thread->frames, &thread->frame_cnt, &more);
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
	const struct want of_exception[] = {
		{ "type", .text = &ret->exception_type },
		{ "what", .text = &ret->exception_what },
	};
	struct list list = { .cnt = 0 };
	uint64_t outer_more;
	int err;

	*ret = (struct ttlog_crash){ .is_there = true };
	take_map(map, wants, ARRAY_SIZE(wants));
	ret->is_reraised = is_true(reraised);
	ret->is_stack_overflow = is_true(overflow);
	take_map(exception, of_exception, ARRAY_SIZE(of_exception));
	err = parse_registers(ret, registers, arena);
	if (!err)
		err = parse_frames(frames, arena, &ret->frames, &ret->frame_cnt, &ret->frame_more);
	if (!err)
		err = parse_frames(outer, arena, &ret->outer_frames, &ret->outer_cnt, &outer_more);
	if (!err)
		err = parse_list(&list, threads, arena, DETAILS_MAX_THREADS,
				 sizeof(struct ttlog_crash_thread), parse_thread);
	ret->threads = (const struct ttlog_crash_thread *const *)list.pointers;
	ret->thread_cnt = list.cnt;
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

/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "details.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A key that may stand in a map, and where its value goes: to one of the three. */
struct want {
	const char *key;
	struct text *text;
	int64_t *number;
	uint64_t *count;
	bool *has;             /* of a number, a count */
	struct token_in *item; /* any other value, as it stands */
};

static void take(const struct want *want, struct token_in value)
{
	uint64_t number;

	if (want->item && !want->item->at)
		*want->item = value;
	if (want->text && !want->text->p)
		(void)token__text(&value, want->text);
	if (want->number && !*want->has && !token__int(&value, &number)) {
		*want->number = (int64_t)number;
		*want->has = true;
	}
	if (want->count && !*want->has && !token__uint(&value, want->count))
		*want->has = true;
}

static void take_map(struct token_in map, const struct want *wants, size_t want_cnt)
{
	uint64_t pairs;

	if (token__map(&map, &pairs))
		return;
	for (uint64_t i = 0; i < pairs; i++) {
		struct token_in value;
		struct text key;

		if (token__text(&map, &key))
			return;
		value = map;
		if (token__skip(&map))
			return;
		value.end = map.at;
		for (size_t k = 0; k < want_cnt; k++) {
			if (text_is(key, wants[k].key))
				take(&wants[k], value);
		}
	}
}

int details__parse_exit(struct details_exit *ret, struct token_in map)
{
	const struct want wants[] = {
		{ "code", .number = &ret->code, .has = &ret->has_code },
		{ "signal", .text = &ret->signal },
		{ "number", .number = &ret->number, .has = &ret->has_number },
	};

	*ret = (struct details_exit){ .is_there = true };
	take_map(map, wants, ARRAY_SIZE(wants));
	return 0;
}

/* ---- The crash ---- */

static int parse_registers(struct details_crash *crash, struct token_in map, struct arena *arena)
{
	struct details_register *registers;
	uint64_t pairs, cnt;

	if (!map.at || token__map(&map, &pairs) || !pairs)
		return 0;
	cnt = pairs < DETAILS_MAX_REGISTERS ? pairs : DETAILS_MAX_REGISTERS;
	registers = arena__alloc(arena, cnt, sizeof(*registers));
	if (!registers)
		return -ENOMEM;
	crash->registers = registers;
	while (crash->register_cnt < cnt) {
		struct details_register *to = &registers[crash->register_cnt];

		if (token__text(&map, &to->name) || token__text(&map, &to->value))
			break;
		crash->register_cnt++;
	}
	crash->register_more = pairs - crash->register_cnt;
	return 0;
}

static void parse_frame(struct details_frame *frame, struct token_in map)
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

	*frame = (struct details_frame){ .has_line = false };
	take_map(map, wants, ARRAY_SIZE(wants));
}

/* Whether a symbol ends in +0x and digits: that of a function with code of its own. */
static bool has_offset(struct text symbol)
{
	size_t at = symbol.len;

	while (at && memchr("0123456789abcdef", symbol.p[at - 1], 16))
		at--;
	return at < symbol.len && at >= 3 && !memcmp(symbol.p + at - 3, "+0x", 3);
}

/* Frames of a recursion have one ip, too, but their symbols have offsets. */
static bool is_inlined(const struct details_frame *frame, const struct details_frame *next)
{
	return frame->symbol.p && !has_offset(frame->symbol) && frame->ip.p && next->ip.p &&
	       text_equal(frame->ip, next->ip);
}

static int parse_frames(struct details_crash *crash, struct token_in in, struct arena *arena)
{
	struct details_frame *frames;
	uint64_t all, cnt;

	if (!in.at || token__array(&in, &all) || !all)
		return 0;
	cnt = all < DETAILS_MAX_FRAMES ? all : DETAILS_MAX_FRAMES;
	frames = arena__alloc(arena, cnt, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	crash->frames = frames;
	for (uint64_t i = 0; i < cnt; i++) {
		struct token_in frame = in;

		if (token__skip(&in))
			break;
		frame.end = in.at;
		parse_frame(&frames[crash->frame_cnt++], frame);
	}
	for (size_t i = 0; i + 1 < crash->frame_cnt; i++)
		frames[i].is_inlined = is_inlined(&frames[i], &frames[i + 1]);
	crash->frame_more = all - crash->frame_cnt;
	return 0;
}

int details__parse_crash(struct details_crash *ret, struct token_in map, struct arena *arena)
{
	struct token_in registers = { NULL, NULL }, frames = { NULL, NULL };
	const struct want wants[] = {
		{ "signal", .text = &ret->signal },
		{ "number", .number = &ret->number, .has = &ret->has_number },
		{ "code", .number = &ret->code, .has = &ret->has_code },
		{ "address", .text = &ret->address },
		{ "tid", .count = &ret->tid, .has = &ret->has_tid },
		{ "thread", .text = &ret->thread },
		{ "registers", .item = &registers },
		{ "frames", .item = &frames },
	};
	int err;

	*ret = (struct details_crash){ .is_there = true };
	take_map(map, wants, ARRAY_SIZE(wants));
	err = parse_registers(ret, registers, arena);
	if (!err)
		err = parse_frames(ret, frames, arena);
	if (err)
		*ret = (struct details_crash){ .is_there = false };
	return err;
}

/* ---- Losses ---- */

int details__parse_lost(struct details_lost *ret, struct token_in map, struct arena *arena)
{
	struct details_cause *causes;
	uint64_t pairs;

	*ret = (struct details_lost){ .is_there = false };
	if (token__map(&map, &pairs))
		return 0;
	causes = arena__alloc(arena, DETAILS_MAX_CAUSES, sizeof(*causes));
	if (!causes)
		return -ENOMEM;
	*ret = (struct details_lost){ .is_there = true, .causes = causes };
	for (uint64_t i = 0; i < pairs; i++) {
		struct details_cause cause;

		if (token__text(&map, &cause.name) || token__uint(&map, &cause.cnt))
			break;
		if (text_is(cause.name, "total"))
			ret->total = cause.cnt;
		else if (ret->cause_cnt < DETAILS_MAX_CAUSES)
			causes[ret->cause_cnt++] = cause;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "unwind_answer.h"

void unwind_answer__init(struct unwind_answer *answer)
{
	answer->inner.max = CRASH_MAX_FRAMES;
	answer->outer.max = CRASH_MAX_OUTER;
}

static char *text_or_null(char *text, size_t size)
{
	text[size - 1] = '\0';
	return text[0] ? strdup(text) : NULL;
}

static struct crash_frame *next_frame(struct unwind_frames *list, const struct unwind_step *step)
{
	struct crash_frame *frame;

	if (list->cnt + list->open_cnt == list->max) {
		list->is_full = true;
		return NULL;
	}
	frame = &list->frames[list->cnt + list->open_cnt++];
	frame->ip = step->ip;
	frame->is_interrupted = step->is_interrupted;
	return frame;
}

static struct unwind_frames *list_of(struct unwind_answer *answer, const struct unwind_step *step)
{
	return step->is_outer ? &answer->outer : &answer->inner;
}

static void take_name(struct unwind_answer *answer, struct unwind_told *told)
{
	const struct unwind_step *step = &answer->steps[answer->named_cnt];
	struct crash_frame *frame;
	struct unwind_frames *list;

	if (answer->named_cnt == answer->step_cnt)
		return;
	list = list_of(answer, step);
	frame = next_frame(list, step);
	if (frame) {
		frame->symbol = text_or_null(told->symbol, sizeof(told->symbol));
		frame->file = text_or_null(told->file, sizeof(told->file));
		frame->line = told->line;
	}
	if (told->kind != UNWIND_NAME)
		return;
	list->cnt += list->open_cnt;
	list->open_cnt = 0;
	answer->named_cnt++;
}

static void take_step(struct unwind_answer *answer, const struct unwind_told *told)
{
	if (answer->step_cnt == UNWIND_MAX_STEPS || answer->symbol_cnt || answer->named_cnt)
		return;
	answer->steps[answer->step_cnt++] = (struct unwind_step){
		.ip = told->ip,
		.is_interrupted = told->is_interrupted,
		.is_outer = told->is_outer,
	};
}

void unwind_answer__take(struct unwind_answer *answer, struct unwind_told *told)
{
	switch ((enum unwind_kind)told->kind) {
	case UNWIND_STEP:
		take_step(answer, told);
		break;
	case UNWIND_SYMBOL:
		if (answer->symbol_cnt < answer->step_cnt)
			answer->steps[answer->symbol_cnt++].symbol =
				text_or_null(told->symbol, sizeof(told->symbol));
		break;
	case UNWIND_CUT:
		answer->cut = told->line <= CRASH_CUT_STACK ? told->line : CRASH_CUT_NONE;
		break;
	case UNWIND_INLINED:
	case UNWIND_NAME:
		take_name(answer, told);
		break;
	case UNWIND_TYPE:
		free(answer->type);
		answer->type = text_or_null(told->symbol, sizeof(told->symbol));
		break;
	case UNWIND_FILE:
	case UNWIND_CRASH:
	case UNWIND_DONE:
		break;
	}
}

static void drop_open(struct unwind_frames *list)
{
	for (size_t i = 0; i < list->open_cnt; i++)
		crash_frame__fini(&list->frames[list->cnt + i]);
	list->open_cnt = 0;
}

/* Steps whose names were not told come last, with the names of their symbol tables. */
static void add_unnamed(struct unwind_answer *answer)
{
	drop_open(&answer->inner);
	drop_open(&answer->outer);
	for (size_t i = answer->named_cnt; i < answer->step_cnt; i++) {
		struct unwind_step *step = &answer->steps[i];
		struct unwind_frames *list = list_of(answer, step);
		struct crash_frame *frame = next_frame(list, step);

		if (!frame)
			continue;
		list->cnt += list->open_cnt;
		list->open_cnt = 0;
		frame->symbol = step->symbol;
		step->symbol = NULL;
	}
	for (size_t i = 0; i < answer->step_cnt; i++)
		free(answer->steps[i].symbol);
}

/* Build id and offset, if the kernel told them at the crash. */
static void take_known(struct crash_frame *frame, const struct crash *crash)
{
	for (size_t i = 0; i < crash->frame_cnt; i++) {
		if (crash->frames[i].ip != frame->ip)
			continue;
		frame->offset = crash->frames[i].offset;
		memcpy(frame->build_id, crash->frames[i].build_id, sizeof(frame->build_id));
		return;
	}
}

static void replace_frames(struct crash *crash, struct unwind_answer *answer)
{
	for (size_t i = 0; i < answer->inner.cnt; i++)
		take_known(&answer->inner.frames[i], crash);
	for (size_t i = 0; i < crash->frame_cnt; i++)
		crash_frame__fini(&crash->frames[i]);
	for (size_t i = 0; i < crash->outer_cnt; i++)
		crash_frame__fini(&crash->outer[i]);
	memcpy(crash->frames, answer->inner.frames, answer->inner.cnt * sizeof(*crash->frames));
	memcpy(crash->outer, answer->outer.frames, answer->outer.cnt * sizeof(*crash->outer));
	crash->frame_cnt = answer->inner.cnt;
	crash->outer_cnt = answer->outer.cnt;
	crash->cut = answer->inner.is_full ? CRASH_CUT_FRAMES : answer->cut;
}

static void replace_type(struct crash *crash, char *type)
{
	if (!type)
		return;
	free(crash->thrown_type);
	crash->thrown_type = type;
	crash->is_type_mangled = false;
}

bool unwind_answer__give(struct unwind_answer *answer, struct crash *crash)
{
	add_unnamed(answer);
	replace_type(crash, answer->type);
	if (!answer->inner.cnt)
		return false;
	replace_frames(crash, answer);
	return true;
}

/* SPDX-License-Identifier: MIT */
#include <ncurses.h>

#include "keys.h"
#include "model.h"
#include "screen.h"

#define LEFT_STEP  8
#define WHEEL_STEP 3

static void move_by(struct model *model, int64_t lines, bool with_top)
{
	model->goal.kind = GOAL_NONE;
	model->follower.is_following = false;
	cursor__move(&model->cursor, lines, with_top);
}

/* To the first or the last line. If that is the end by time, it stays the goal while rows are
 * found. */
static void go_to_end(struct model *model, bool is_first_line)
{
	const struct order *order = &model->order;

	move_by(model, is_first_line ? INT64_MIN / 2 : INT64_MAX / 2, false);
	if (order->is_reversed == is_first_line && !order->is_sorted)
		model__go(model, GOAL_END);
}

static bool detail_key(struct model *model, int key)
{
	const int height = model__detail_height(model), page = height > 1 ? height - 1 : 1;
	struct detail *detail = &model->detail;

	if (!detail->has_focus || !height)
		return false;
	if (key == 'j' || key == SCREEN_SPECIAL(KEY_DOWN))
		detail->top++;
	else if (key == 'k' || key == SCREEN_SPECIAL(KEY_UP))
		detail->top -= detail->top > 0;
	else if (key == SCREEN_SPECIAL(KEY_NPAGE))
		detail->top += page;
	else if (key == SCREEN_SPECIAL(KEY_PPAGE))
		detail->top -= page < detail->top ? page : detail->top;
	else
		return false;
	return true;
}

static bool table_key(struct model *model, int key)
{
	const int page = model__table_height(model);

	if (key == 'j' || key == SCREEN_KEY('n') || key == SCREEN_SPECIAL(KEY_DOWN))
		move_by(model, 1, false);
	else if (key == 'k' || key == SCREEN_KEY('p') || key == SCREEN_SPECIAL(KEY_UP))
		move_by(model, -1, false);
	else if (key == SCREEN_KEY('f') || key == SCREEN_SPECIAL(KEY_NPAGE))
		move_by(model, page, true);
	else if (key == SCREEN_KEY('b') || key == SCREEN_SPECIAL(KEY_PPAGE))
		move_by(model, -page, true);
	else if (key == SCREEN_KEY('d'))
		move_by(model, page / 2, true);
	else if (key == SCREEN_KEY('u'))
		move_by(model, -page / 2, true);
	else if (key == 'g' || key == SCREEN_SPECIAL(KEY_HOME))
		go_to_end(model, true);
	else if (key == 'G' || key == SCREEN_SPECIAL(KEY_END))
		go_to_end(model, false);
	else if (key == SCREEN_SPECIAL(KEY_RIGHT))
		model->cursor.left += model__hidden_columns(model) > model->cursor.left ? LEFT_STEP
											: 0;
	else if (key == SCREEN_SPECIAL(KEY_LEFT))
		model->cursor.left -= model->cursor.left ? LEFT_STEP : 0;
	else
		return false;
	return true;
}

bool move_keys__take(struct model *model, int key)
{
	return detail_key(model, key) || table_key(model, key);
}

void move_keys__take_mouse(struct model *model)
{
	const int lines_cnt = model__table_height(model);
	MEVENT event;
	int line;

	if (getmouse(&event) != OK)
		return;
	if (model->page.kind != PAGE_EVENTS) {
		int key = SCREEN_SPECIAL(event.bstate & BUTTON4_PRESSED ? KEY_UP : KEY_DOWN);

		for (int i = 0; i < WHEEL_STEP; i++) {
			if (event.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED))
				(void)page_keys__take(model, key);
		}
		return;
	}
	line = event.y - model__table_top(model);
	if (event.bstate & BUTTON4_PRESSED) {
		move_by(model, -WHEEL_STEP, true);
	} else if (event.bstate & BUTTON5_PRESSED) {
		move_by(model, WHEEL_STEP, true);
	} else if (line >= 0 && line < lines_cnt) {
		move_by(model, (int64_t)(model->cursor.top + (uint64_t)line - model->cursor.line),
			false);
		if (event.bstate & BUTTON1_DOUBLE_CLICKED)
			model->detail.is_open = true;
	}
}

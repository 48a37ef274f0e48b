/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ncurses.h>

#include <ttlog/read.h>
#include "keys.h"
#include "model.h"
#include "move_keys.h"
#include "options.h"
#include "page_keys.h"
#include "prompt_keys.h"
#include "screen.h"

/* ---- Choosing ---- */

static void choose(struct model *model, const struct choice *choice)
{
	int err = model__choose(model, choice);

	if (err == -EINVAL)
		message__set(&model->message, "%s", model->events.mistake.why);
	else if (err)
		model->err = err;
}

static void choose_level(struct model *model, unsigned level)
{
	struct choice choice = model->events.choice;

	choice.level = (uint8_t)(level % (TTLOG_LEVEL_FATAL + 1));
	choose(model, &choice);
	message__set(&model->message, "level %s and above", ttlog_level_name(choice.level));
}

static void show_all(struct model *model)
{
	const struct options *options = model->events.options;
	const struct choice choice = { .level = 0 };

	(void)model__search(model, "");
	choose(model, &choice);
	message__set(&model->message, options->has_since || options->has_until
					      ? "everything of that time is shown: --since, --until"
					      : "everything is shown");
}

/* ---- Going ---- */

static void go_to_error(struct model *model, enum goal_kind kind)
{
	if (!model->events.rows)
		return;
	model->err = search__begin_errors(&model->search);
	model->goal.what = SEARCH_ERROR;
	model__go(model, kind);
}

static void go_to_match(struct model *model, enum goal_kind kind)
{
	if (!model->search.matches) {
		message__set(&model->message, "nothing is searched: / searches");
		return;
	}
	model->goal.what = SEARCH_MATCH;
	model__go(model, kind);
}

static void go_to_crash(struct model *model)
{
	if (goal__next_crash(&model->goal))
		model->follower.is_following = false;
	else
		message__set(&model->message, "nothing crashed in there");
}

static void go_to_mark(struct model *model)
{
	const struct rows_place *place =
		marks__next(&model->marks, &model->cursor.here, model->events.rows);

	if (place)
		model__go_to(model, place, UINT64_MAX);
}

/* ---- The event's pane ---- */

/* Where there is no room for it, no key may seem to do nothing. */
static void check_detail(struct model *model)
{
	if (!model->detail.is_open || model__detail_height(model))
		return;
	model->detail.is_open = model->detail.has_focus = false;
	message__set(&model->message, "too few lines to show the event");
}

static void toggle_detail(struct model *model)
{
	struct detail *detail = &model->detail;

	detail->is_open = !detail->is_open;
	detail->has_focus = false;
	detail->top = 0;
	check_detail(model);
}

static void switch_pane(struct model *model)
{
	struct detail *detail = &model->detail;

	detail->has_focus = !detail->is_open || !detail->has_focus;
	detail->is_open = true;
	check_detail(model);
}

static void escape(struct model *model)
{
	if (model->page.kind != PAGE_EVENTS)
		page__close(&model->page);
	else if (model->detail.has_focus)
		model->detail.has_focus = false;
	else
		model->detail.is_open = false;
}

/* ---- All keys ---- */

static void space(struct model *model)
{
	struct follower *follower = &model->follower;

	if (follower->is_following)
		follower->is_paused = !follower->is_paused;
	else
		move_keys__page_down(model);
}

/* Keys that open something. */
static bool open_key(struct model *model, int key)
{
	const enum page_kind page = page_keys__page_of(key);

	if (page != PAGE_EVENTS) {
		model__open_page(model, page);
		return true;
	}
	switch (key) {
	case 'S':
		prompt_keys__open(model, PROMPT_SORT, "");
		return true;
	case '&':
		prompt_keys__open(model, PROMPT_FILTER, model->events.choice.expr);
		return true;
	case '/':
		prompt_keys__open(model, PROMPT_SEARCH, "");
		return true;
	case 't':
		prompt_keys__open(model, PROMPT_TIME, "");
		return true;
	default:
		return false;
	}
}

/* Keys that go to the next or previous of something. */
static bool go_key(struct model *model, int key)
{
	switch (key) {
	case 'n':
		go_to_match(model, GOAL_NEXT);
		return true;
	case 'N':
		go_to_match(model, GOAL_PREVIOUS);
		return true;
	case 'e':
		go_to_error(model, GOAL_NEXT);
		return true;
	case 'E':
		go_to_error(model, GOAL_PREVIOUS);
		return true;
	case 'x':
		go_to_crash(model);
		return true;
	case 'B':
		go_to_mark(model);
		return true;
	default:
		return false;
	}
}

/* Keys that choose events, or their order. */
static bool choose_key(struct model *model, int key)
{
	const unsigned level = model->events.choice.level;

	switch (key) {
	case 's':
		model__sort_by(model, (enum order_by)((model->order.by + 1) % ORDER_FIELD));
		return true;
	case 'l':
		choose_level(model, level + 1);
		return true;
	case 'L':
		choose_level(model, level + TTLOG_LEVEL_FATAL);
		return true;
	case '1' ... '6':
		choose_level(model, (unsigned)(key - '1'));
		return true;
	case 'c':
		show_all(model);
		return true;
	case 'r':
		model__reverse(model);
		return true;
	default:
		return false;
	}
}

static void other_key(struct model *model, int key)
{
	switch (key) {
	case 'q':
		model->is_over = true;
		break;
	case 'f':
		model__follow(model);
		break;
	case ' ':
		space(model);
		break;
	case 'b':
		if (model->cursor.has_here)
			marks__toggle(&model->marks, &model->cursor.here);
		break;
	case '\t':
		switch_pane(model);
		break;
	case '\r':
	case '\n':
		toggle_detail(model);
		break;
	case 'm':
		message__set(&model->message,
			     screen__toggle_mouse()
				     ? "the mouse is this screen's"
				     : "the mouse is the terminal's: select text with it");
		break;
	case SCREEN_KEY('l'):
		screen__redraw();
		break;
	case SCREEN_KEY_ESC:
		escape(model);
		break;
	default:
		break;
	}
}

static void typed(struct model *model, int key)
{
	if (!open_key(model, key) && !go_key(model, key) && !choose_key(model, key))
		other_key(model, key);
}

void keys__take(struct model *model, int key, bool special)
{
	model->message.text[0] = '\0';
	if (special && key == KEY_RESIZE)
		return;
	if (model->prompt.kind != PROMPT_NONE) {
		prompt_keys__take(model, key, special);
		return;
	}
	if (model->page.kind != PAGE_EVENTS) {
		if (page_keys__take(model, key, special) ||
		    (!special && page_keys__leave(model, key)))
			return;
	} else if (move_keys__take(model, key, special)) {
		return;
	}
	if (special && key == KEY_MOUSE)
		move_keys__take_mouse(model);
	else if (special && key == KEY_ENTER)
		typed(model, '\r');
	else if (!special)
		typed(model, key);
}

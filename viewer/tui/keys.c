/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ncurses.h>

#include "keys.h"
#include "model.h"
#include "options.h"
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

static void choose_level(struct model *model, int level)
{
	struct choice choice = model->events.choice;

	choice.level = (uint8_t)(level % (TTLOG_LEVEL_FATAL + 1));
	choose(model, &choice);
	message__set(&model->message, "level %s and above", ttlog_level_name(choice.level));
}

static void raise_level(struct model *model, int by)
{
	choose_level(model, model->events.choice.level + by);
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

static void sort_by_next(struct model *model)
{
	model__sort_by(model, (enum order_by)((model->order.by + 1) % ORDER_FIELD));
}

/* ---- Going ---- */

static void go_to_error(struct model *model, int kind)
{
	if (!model->events.rows)
		return;
	model->err = search__begin_errors(&model->search);
	model__go_to_found(model, (enum goal_kind)kind, SEARCH_ERROR);
}

static void go_to_match(struct model *model, int kind)
{
	if (model->search.matches)
		model__go_to_found(model, (enum goal_kind)kind, SEARCH_MATCH);
	else
		message__set(&model->message, "nothing is searched: / searches");
}

static void go_to_crash(struct model *model)
{
	if (goal__next_crash(&model->goal))
		model->follower.is_following = false;
	else
		message__set(&model->message, "nothing crashed in there");
}

static void toggle_mark(struct model *model)
{
	if (model->cursor.has_here)
		marks__toggle(&model->marks, &model->cursor.here);
}

static void go_to_mark(struct model *model)
{
	const struct rows_place *place =
		marks__next(&model->marks, &model->cursor.here, model->events.rows);

	if (place)
		model__go_to(model, place, UINT64_MAX);
}

/* ---- The event's pane ---- */

/* Tells that there is no room, so that no key seems to do nothing. */
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

/* ---- The rest ---- */

static void open_page(struct model *model, int kind)
{
	model__open_page(model, (enum page_kind)kind);
}

static void space(struct model *model)
{
	struct follower *follower = &model->follower;

	if (follower->is_following)
		follower->is_paused = !follower->is_paused;
	else
		(void)move_keys__take(model, SCREEN_KEY('f'));
}

static void switch_mouse(struct model *model)
{
	message__set(&model->message, screen__toggle_mouse()
					      ? "the mouse is this screen's"
					      : "the mouse is the terminal's: select text with it");
}

static void redraw(struct model *model)
{
	(void)model;
	screen__redraw();
}

static void quit(struct model *model)
{
	model->is_over = true;
}

/* ---- All keys except those of prompts and pages, and those that move ---- */

static const struct {
	int key;
	void (*act)(struct model *model);
} KEYS[] = {
	{ 'x', go_to_crash },        { 'b', toggle_mark },
	{ 'B', go_to_mark },         { 'c', show_all },
	{ 's', sort_by_next },       { 'r', model__reverse },
	{ 'f', model__follow },      { ' ', space },
	{ '\t', switch_pane },       { '\r', toggle_detail },
	{ SCREEN_KEY_ESC, escape },  { 'm', switch_mouse },
	{ SCREEN_KEY('l'), redraw }, { 'q', quit },
};

static const struct {
	int key;
	void (*act)(struct model *model, int how);
	int how;
} KEYS_WITH[] = {
	{ '?', open_page, PAGE_HELP },
	{ 'i', open_page, PAGE_INFO },
	{ 'o', open_page, PAGE_STATS },
	{ 'p', open_page, PAGE_LANES },
	{ '&', prompt_keys__open, PROMPT_FILTER },
	{ '/', prompt_keys__open, PROMPT_SEARCH },
	{ 't', prompt_keys__open, PROMPT_TIME },
	{ 'S', prompt_keys__open, PROMPT_SORT },
	{ 'n', go_to_match, GOAL_NEXT },
	{ 'N', go_to_match, GOAL_PREVIOUS },
	{ 'e', go_to_error, GOAL_NEXT },
	{ 'E', go_to_error, GOAL_PREVIOUS },
	{ 'l', raise_level, 1 },
	{ 'L', raise_level, TTLOG_LEVEL_FATAL },
	{ '1', choose_level, TTLOG_LEVEL_TRACE },
	{ '2', choose_level, TTLOG_LEVEL_DEBUG },
	{ '3', choose_level, TTLOG_LEVEL_INFO },
	{ '4', choose_level, TTLOG_LEVEL_WARN },
	{ '5', choose_level, TTLOG_LEVEL_ERROR },
	{ '6', choose_level, TTLOG_LEVEL_FATAL },
};

static void act(struct model *model, int key)
{
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		if (KEYS[i].key == key)
			KEYS[i].act(model);
	}
	for (size_t i = 0; i < sizeof(KEYS_WITH) / sizeof(KEYS_WITH[0]); i++) {
		if (KEYS_WITH[i].key == key)
			KEYS_WITH[i].act(model, KEYS_WITH[i].how);
	}
}

void keys__take(struct model *model, int key)
{
	model->message.text[0] = '\0';
	if (key == SCREEN_SPECIAL(KEY_RESIZE))
		return;
	if (model->prompt.kind != PROMPT_NONE) {
		prompt_keys__take(model, key);
		return;
	}
	if (model->page.kind != PAGE_EVENTS) {
		if (page_keys__take(model, key) || page_keys__leave(model, key))
			return;
	} else if (move_keys__take(model, key)) {
		return;
	}
	if (key == SCREEN_SPECIAL(KEY_MOUSE))
		move_keys__take_mouse(model);
	else
		act(model, key);
}

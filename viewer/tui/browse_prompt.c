/* SPDX-License-Identifier: MIT */
/* Lines that are typed: a filter, which shows what it lets pass with every letter, a search, a time, a
 * field to sort by. */
#include <errno.h>
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "browse.h"
#include "screen.h"

void browse__open_prompt(struct browse *browse, enum browse_prompt prompt, const char *text)
{
	browse->prompt = prompt;
	browse->before = browse->choice;
	browse->anchor = browse->here;
	browse->anchor_above = browse->cursor - browse->top;
	browse->has_anchor = browse->has_here && browse->goal == GOAL_NONE &&
			     browse->sort == SORT_TIME && !browse->is_following;
	browse->why[0] = '\0';
	line_edit__set(&browse->edit, text);
}

static void go_to_time(struct browse *browse)
{
	struct time_expr time;

	if (time_expr__parse(&time, browse->edit.text)) {
		snprintf(
			browse->why, sizeof(browse->why),
			"times are as 06:00:00.5, 2026-11-21T06:00Z, or -10s: before the last event");
		browse->why_at = 0;
		return;
	}
	while (time.kind != TIME_EXPR_ABSOLUTE && sources__scan(&browse->sources, UINT64_MAX))
		;
	browse->prompt = PROMPT_NONE;
	browse__go(browse, GOAL_PLACE, NULL);
	browse->goal_place = rows__place_of_time(
		browse->rows, time_expr__resolve(&time, browse->sources.last_ns));
}

static void accept(struct browse *browse)
{
	if (browse->prompt == PROMPT_TIME) {
		if (browse->is_ready)
			go_to_time(browse);
		return;
	}
	if (browse->prompt == PROMPT_SORT && *browse->edit.text) {
		snprintf(browse->sort_field, sizeof(browse->sort_field), "%s", browse->edit.text);
		browse__sort_by(browse, SORT_FIELD);
	}
	if (browse->prompt == PROMPT_FILTER && *browse->why)
		return; /* the place is shown */
	if (browse->prompt == PROMPT_SEARCH) {
		int err = browse__search(browse, browse->edit.text);

		if (err == -EINVAL)
			return;
		browse->err = err;
		if (browse->hits)
			browse__go(browse, GOAL_NEXT, browse->hits);
	}
	browse->why[0] = '\0';
	browse->prompt = PROMPT_NONE;
}

/* Each letter may have led elsewhere. */
static void return_to_anchor(struct browse *browse)
{
	if (!browse->has_anchor)
		return;
	browse__go(browse, GOAL_PLACE, NULL);
	browse->goal_place = browse->anchor;
	browse->goal_above = browse->anchor_above;
}

static void cancel(struct browse *browse)
{
	if (browse->prompt == PROMPT_FILTER && strcmp(browse->before.expr, browse->choice.expr)) {
		browse->err = browse__choose(browse, &browse->before);
		return_to_anchor(browse);
	}
	browse->why[0] = '\0';
	browse->prompt = PROMPT_NONE;
}

/* Until it is right, what was shown before stays. */
static void typed(struct browse *browse)
{
	struct browse_choice choice = browse->choice;
	int err;

	browse->why[0] = '\0';
	if (browse->prompt != PROMPT_FILTER)
		return;
	snprintf(choice.expr, sizeof(choice.expr), "%s", browse->edit.text);
	err = browse__choose(browse, &choice);
	if (!err)
		return_to_anchor(browse);
	else if (err != -EINVAL)
		browse->err = err;
}

void browse__prompt_key(struct browse *browse, int key, bool special)
{
	if (!special && key == SCREEN_KEY_ESC)
		cancel(browse);
	else if (key == '\r' || key == '\n' || (special && key == KEY_ENTER))
		accept(browse);
	else if (line_edit__key(&browse->edit, key, special))
		typed(browse);
}

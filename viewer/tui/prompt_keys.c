/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "model.h"
#include "screen.h"
#include "time_expr.h"

void prompt_keys__open(struct model *model, int kind)
{
	const struct cursor *cursor = &model->cursor;
	struct prompt *prompt = &model->prompt;

	prompt->kind = (enum prompt_kind)kind;
	prompt->before = model->events.choice;
	prompt->anchor = cursor->here;
	prompt->anchor_above = cursor->line - cursor->top;
	prompt->has_anchor = cursor->has_here && model->goal.kind == GOAL_NONE &&
			     model->order.by == ORDER_TIME && !model->follower.is_following;
	model->events.mistake.why[0] = '\0';
	line_edit__set(&prompt->edit, kind == PROMPT_FILTER ? prompt->before.expr : "");
}

static void close_prompt(struct model *model)
{
	model->events.mistake.why[0] = '\0';
	model->prompt.kind = PROMPT_NONE;
}

static void accept_time(struct model *model)
{
	struct events *events = &model->events;
	struct rows_place place;
	struct time_expr time;

	if (!events->rows)
		return;
	if (time_expr__parse(&time, model->prompt.edit.text)) {
		events->mistake = (struct mistake){
			.why = "times are as 06:00:00.5, 2026-11-21T06:00Z, or -10s: before the "
			       "last event",
		};
		return;
	}
	while (time.kind != TIME_EXPR_ABSOLUTE && sources__scan(&events->sources, UINT64_MAX))
		;
	place = rows__place_of_time(events->rows,
				    time_expr__resolve(&time, events->sources.last_ns));
	model__go_to(model, &place, UINT64_MAX);
	close_prompt(model);
}

static void accept_search(struct model *model)
{
	int err = model__search(model, model->prompt.edit.text);

	if (err == -EINVAL)
		return;
	model->err = err;
	if (model->search.matches)
		model__go_to_found(model, GOAL_NEXT, SEARCH_MATCH);
	close_prompt(model);
}

static void accept_field(struct model *model)
{
	struct order *order = &model->order;

	if (*model->prompt.edit.text) {
		snprintf(order->field, sizeof(order->field), "%s", model->prompt.edit.text);
		model__sort_by(model, ORDER_FIELD);
	}
	close_prompt(model);
}

static void accept(struct model *model)
{
	switch (model->prompt.kind) {
	case PROMPT_TIME:
		accept_time(model);
		break;
	case PROMPT_SEARCH:
		accept_search(model);
		break;
	case PROMPT_SORT:
		accept_field(model);
		break;
	default:
		/* a mistake stays on the screen */
		if (!*model->events.mistake.why)
			close_prompt(model);
		break;
	}
}

/* Each letter may have moved the cursor. */
static void return_to_anchor(struct model *model)
{
	const struct prompt *prompt = &model->prompt;

	if (prompt->has_anchor)
		model__go_to(model, &prompt->anchor, prompt->anchor_above);
}

static void cancel(struct model *model)
{
	const struct prompt *prompt = &model->prompt;

	if (prompt->kind == PROMPT_FILTER &&
	    strcmp(prompt->before.expr, model->events.choice.expr)) {
		model->err = model__choose(model, &prompt->before);
		return_to_anchor(model);
	}
	close_prompt(model);
}

/* While the filter is not valid, the events stay. */
static void typed(struct model *model)
{
	struct choice choice = model->events.choice;
	int err;

	model->events.mistake.why[0] = '\0';
	if (model->prompt.kind != PROMPT_FILTER)
		return;
	snprintf(choice.expr, sizeof(choice.expr), "%s", model->prompt.edit.text);
	err = model__choose(model, &choice);
	if (!err)
		return_to_anchor(model);
	else if (err != -EINVAL)
		model->err = err;
}

void prompt_keys__take(struct model *model, int key)
{
	if (key == SCREEN_KEY_ESC)
		cancel(model);
	else if (key == '\r')
		accept(model);
	else if (line_edit__key(&model->prompt.edit, key))
		typed(model);
}

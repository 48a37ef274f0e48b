/* SPDX-License-Identifier: MIT */
/* Begin and end, what keys do, and the layout of the screen. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diagnostics.h"
#include "host_order.h"
#include "model.h"
#include "options.h"
#include "screen.h"

#define MIN_TABLE 4

/* ---- Begin and end ---- */

static void connect(struct model *model)
{
	struct events *events = &model->events;
	struct order *order = &model->order;
	struct search *search = &model->search;
	struct message *message = &model->message;

	order->events = events;
	*search = (struct search){ .events = events, .order = order };
	model->lines.order = order;
	model->lines.search = search;
	model->cursor = (struct cursor){ .order = order, .message = message };
	model->goal = (struct goal){ .events = events,
				     .order = order,
				     .search = search,
				     .cursor = &model->cursor,
				     .message = message };
	model->marks.message = message;
	model->follower = (struct follower){ .events = events, .message = message };
	model->page = (struct page){ .events = events,
				     .follower = &model->follower,
				     .goal = &model->goal,
				     .message = message };
}

struct model *model__new(struct options *options)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	connect(model);
	model->events.options = options;
	if (!lines__init(&model->lines) && !detail__init(&model->detail))
		return model;
	model__free(model);
	return NULL;
}

void model__free(struct model *model)
{
	if (!model)
		return;
	search__fini(&model->search);
	follower__end(&model->follower);
	order__fini(&model->order);
	lines__fini(&model->lines);
	page__fini(&model->page);
	detail__fini(&model->detail);
	events__fini(&model->events);
	free(model);
}

static int open_follow(struct model *model)
{
	char why[4096];
	int err = follower__begin(&model->follower, why, sizeof(why));
	char *next = why, *line;

	model->follower.is_following = true;
	while (err && (line = strsep(&next, "\n")) && *line)
		diagnostics__print("--follow", line);
	return err;
}

static int find_order_error(struct model *model)
{
	const struct input *input = &model->events.input;
	struct host_order order;
	const int err = host_order__init(&order, input->readers, input->reader_cnt);

	if (err)
		return diagnostics__print_errno("cannot go on", -err);
	model->order_error_ns = host_order__most_ns(&order);
	host_order__fini(&order);
	return 0;
}

int model__open(struct model *model)
{
	struct events *events = &model->events;
	int err = events->options->follow ? open_follow(model) : 0;

	if (!err)
		err = events__open(events);
	if (!err)
		err = find_order_error(model);
	if (err)
		return err;
	lines__add_snapshots(&model->lines, events->input.readers, events->input.reader_cnt);
	/* The end shows why the snapshot was taken. */
	if (!events->options->follow && !goal__find_crash(&model->goal))
		goal__set(&model->goal, GOAL_END);
	return 0;
}

/* ---- What keys do ---- */

/* Sorts again. Until that is done the order is by time, and the cursor stays at its event. */
static int sort(struct model *model)
{
	struct order *order = &model->order;
	const bool has_row = order->is_sorted && model->cursor.line < order->sorted.cnt;
	const uint64_t row = has_row ? order__row(order, model->cursor.line) : 0;

	search__end_flags(&model->search);
	order__end(order);
	if (has_row)
		cursor__put(&model->cursor, order__line(order, row));
	return order__begin(order);
}

int model__choose(struct model *model, const struct choice *choice)
{
	int err = events__choose(&model->events, choice);

	if (err)
		return err;
	goal__forget(&model->goal, SEARCH_ERROR);
	search__end_errors(&model->search);
	if (model->order.by != ORDER_TIME && sort(model))
		return -ENOMEM;
	if (page__counts(&model->page))
		model__open_page(model, model->page.kind);
	return model__search(model, model->search.regex);
}

int model__search(struct model *model, const char *regex)
{
	int err = search__begin(&model->search, regex);

	if (err)
		return err;
	goal__forget(&model->goal, SEARCH_MATCH);
	lines__forget(&model->lines);
	return 0;
}

void model__sort_by(struct model *model, enum order_by by)
{
	const struct rows_place here = model->cursor.here;

	model->order.by = by;
	/* new events go to the end, so only an order by time can be followed */
	if (by != ORDER_TIME)
		model->follower.is_following = model->follower.is_paused = false;
	if (by != ORDER_TIME && model->goal.kind == GOAL_END)
		model->goal.kind = GOAL_NONE;
	model->err = sort(model);
	message__set(&model->message, "by %s", order__name(&model->order));
	if (model->events.rows && model->cursor.has_here && by == ORDER_TIME)
		cursor__go_to(&model->cursor, &here);
}

void model__reverse(struct model *model)
{
	struct order *order = &model->order;
	const struct rows_place here = model->cursor.here;

	order->is_reversed = !order->is_reversed;
	if (order->by != ORDER_TIME) {
		model->err = sort(model);
		return;
	}
	if (model->events.rows && model->cursor.has_here)
		cursor__go_to(&model->cursor, &here);
	message__set(&model->message, order->is_reversed ? "newest first" : "oldest first");
}

void model__go(struct model *model, enum goal_kind kind)
{
	goal__set(&model->goal, kind);
	model->follower.is_following = false;
}

void model__go_to_found(struct model *model, enum goal_kind kind, enum search_for what)
{
	model->goal.what = what;
	model__go(model, kind);
}

void model__go_to(struct model *model, const struct rows_place *place, uint64_t above)
{
	goal__set_place(&model->goal, place, above);
	model->follower.is_following = false;
}

void model__follow(struct model *model)
{
	if (!model->follower.is_following && model->order.by != ORDER_TIME)
		model__sort_by(model, ORDER_TIME);
	follower__toggle(&model->follower);
	model->goal.kind = GOAL_NONE;
}

void model__open_page(struct model *model, enum page_kind kind)
{
	int err = page__open(&model->page, kind, model__page_height(model));

	if (err)
		model->err = err;
}

/* ---- Layout ---- */

const struct ttlog_snapshot *model__title_file(const struct model *model)
{
	const struct input *input = &model->events.input;

	return input->reader_cnt ? input->readers[model->goal.crash] : NULL;
}

const struct ttlog_info *model__end_info(const struct model *model)
{
	const struct ttlog_snapshot *file = model__title_file(model);
	const struct ttlog_info *info = file ? ttlog_snapshot_info(file) : NULL;

	return info && (info->crash->is_there || info->exit->signal.p || info->exit->has_code)
		       ? info
		       : NULL;
}

int model__table_top(const struct model *model)
{
	return 2 + (model__end_info(model) != NULL) + (events__problem_cnt(&model->events) != 0);
}

int model__detail_height(const struct model *model)
{
	int room = screen__height() - model__table_top(model) - 2 - MIN_TABLE;
	int height = screen__height() * 2 / 5;

	if (!model->detail.is_open || model->page.kind != PAGE_EVENTS)
		return 0;
	height = height > room ? room : height;
	return height > 2 ? height : 0;
}

int model__table_height(const struct model *model)
{
	int height = screen__height() - model__table_top(model) - 2 - model__detail_height(model);

	height = height < (int)LINES_CNT ? height : (int)LINES_CNT;
	return height > 0 ? height : 0;
}

int model__page_height(const struct model *model)
{
	int height = screen__height() - model__table_top(model) - 1;

	return height > 0 ? height : 0;
}

int model__hidden_columns(struct model *model)
{
	const uint64_t cnt = order__line_cnt(&model->order), top = model->cursor.top;
	const uint64_t height = (uint64_t)model__table_height(model);
	struct columns_layout layout;
	int most = 0;

	columns__lay_out(&model->lines.columns, screen__width(), &layout);
	for (uint64_t i = top; i < top + height && i < cnt; i++) {
		const struct line *line = lines__make(&model->lines, i);
		int columns = line ? screen__columns(line->cells[CELL_CONTENT]) : 0;

		most = columns > most ? columns : most;
	}
	most -= layout.width[CELL_CONTENT];
	return most > 0 ? most : 0;
}

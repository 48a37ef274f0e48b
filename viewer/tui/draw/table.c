/* SPDX-License-Identifier: MIT */
#include "draw.h"
#include "model.h"
#include "options.h"
#include "screen.h"

static void draw_head(const struct columns *columns, const struct columns_layout *layout, int y)
{
	screen__line(y, STYLE_HEAD, false);
	for (int i = 0; i < CELL_CNT; i++)
		(void)screen__text(y, layout->x[i], layout->width[i],
				   ttlog_text_of(columns__head(columns, (enum cell)i)), STYLE_HEAD,
				   false);
}

static enum screen_style style_of(unsigned level, enum cell cell)
{
	if (cell == CELL_LEVEL && level <= TTLOG_LEVEL_FATAL)
		return (enum screen_style)(STYLE_LEVEL + level);
	if (cell == CELL_TIME || level == TTLOG_LEVEL_TRACE)
		return STYLE_DIM;
	return cell == CELL_CONTENT && level >= TTLOG_LEVEL_WARN ? STYLE_BOLD : STYLE_PLAIN;
}

static void draw_line(const struct model *model, const struct columns_layout *layout, int y,
		      uint64_t number)
{
	const struct line *line = lines__find(&model->lines, number);
	bool selected = number == model->cursor.line;

	screen__line(y, STYLE_PLAIN, selected);
	if (!line) {
		(void)screen__text(y, 1, screen__width(),
				   ttlog_text_of("this event can be read no more"), STYLE_ERROR,
				   selected);
		return;
	}
	for (int i = 0; i < CELL_CNT; i++)
		(void)screen__text_from(y, layout->x[i], layout->width[i], line->cells[i],
					i == CELL_CONTENT ? model->cursor.left : 0,
					style_of(line->level, (enum cell)i), selected);
	if (line->is_match)
		(void)screen__text(y, 0, 1, ttlog_text_of("/"), STYLE_MARK, selected);
	if (marks__has(&model->marks, &line->place))
		(void)screen__text(y, 0, 1, ttlog_text_of("*"), STYLE_MARK, selected);
}

/* Why there are no events. */
static void draw_nothing(const struct model *model, struct out *out, int y)
{
	unsigned progress = model__progress(model);
	const char *unknown = NULL;

	out__clear(out);
	/* of running collectors not all sites are known */
	if (progress >= 1000 && !model->follower.follow)
		unknown = rows__unknown_key(model->events.rows);
	if (progress < 1000)
		out__format(out, "reading: %u%%", progress / 10);
	else if (unknown)
		out__format(out, "No event has a field %s. & edits the filter, c clears it.",
			    unknown);
	else if (*model->events.choice.expr || model->events.choice.level ||
		 model->events.choice.search_cnt)
		out__text(out, "No event matches. & edits the filter, c clears it.");
	else if (model->follower.follow)
		out__text(out, "Waiting for events.");
	else if (model->events.options->has_since || model->events.options->has_until)
		out__text(out, "There are no events in that time: --since, --until.");
	else
		out__text(out, "There are no events.");
	(void)screen__text(y, 2, screen__width() - 2, out__written(out), STYLE_PLAIN, false);
}

void table__draw(const struct model *model, struct out *out)
{
	const int y = model__table_top(model), height = model__table_height(model);
	const uint64_t cnt = order__line_cnt(&model->order);
	const struct columns *columns = &model->lines.columns;
	struct columns_layout layout;

	columns__lay_out(columns, screen__width(), &layout);
	draw_head(columns, &layout, y - 1);
	for (int i = 0; i < height; i++) {
		if (model->cursor.top + (uint64_t)i < cnt)
			draw_line(model, &layout, y + i, model->cursor.top + (uint64_t)i);
		else
			screen__line(y + i, STYLE_PLAIN, false);
	}
	if (!cnt && height)
		draw_nothing(model, out, y);
}

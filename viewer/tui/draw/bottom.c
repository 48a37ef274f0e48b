/* SPDX-License-Identifier: MIT */

#include "draw.h"
#include "model.h"
#include "options.h"
#include "screen.h"
#include "utf8.h"

/* ---- Where the cursor is, and what is shown ---- */

static void write_position(struct out *out, const struct model *model)
{
	const uint64_t cnt = order__line_cnt(&model->order), line = model->cursor.line + 1;
	unsigned progress = model__progress(model);

	out__char(out, ' ');
	out__grouped(out, cnt ? line : 0);
	out__char(out, '/');
	out__grouped(out, cnt);
	if (cnt)
		out__format(out, " %u%%", (unsigned)((double)line / (double)cnt * 100));
	if (progress < 1000)
		out__format(out, "  [reading %u%%]", progress / 10);
}

static void write_order(struct out *out, const struct order *order)
{
	if (!order->is_sorted && !order->sorter) {
		out__text(out, order->is_reversed ? "  newest first" : "");
		return;
	}
	out__text(out, order->is_sorted ? "  by " : "  sorting by ");
	out__plain(out, ttlog_text_of(order__name(order)));
	if (order->is_reversed)
		out__text(out, " reversed");
	if (!order->is_sorted || !top_k__is_cut(&order->sorted))
		return;
	out__grouped_after(out, ", cut: first of ", order->sorted.total);
}

static void write_search(struct out *out, const struct search *search)
{
	if (!search->matches)
		return;
	out__plain_after(out, "  /", ttlog_text_of(search->regex));
	out__grouped_after(out, " ", rows__cnt(search->matches));
	out__text(out, rows__is_done(search->matches) ? " found" : "+ found");
}

static void write_choice(struct out *out, const struct events *events)
{
	const struct choice *choice = &events->choice;

	for (size_t i = 0; i < choice->search_cnt; i++)
		out__plain_after(out, "  search: ", ttlog_text_of(events->options->searches[i]));
	if (*choice->expr)
		out__plain_after(out, "  filter: ", ttlog_text_of(choice->expr));
}

static void draw_status(const struct model *model, struct out *out, int y)
{
	const struct events *events = &model->events;

	out__clear(out);
	write_position(out, model);
	follower__print_status(&model->follower, out);
	write_order(out, &model->order);
	if (events->choice.level)
		out__format(out, "  level>=%s", ttlog_level_name(events->choice.level));
	write_search(out, &model->search);
	write_choice(out, events);
	if (rows__gave_up(events->rows) || rows__gave_up(model->search.matches))
		out__text(out, "  regular expression too slow for some texts");
	screen__line(y, STYLE_BAR, false);
	(void)screen__text(y, 0, screen__width(), out__written(out), STYLE_BAR, false);
}

static void draw_hints(const struct model *model, int y)
{
	static const char HINTS[] =
		"?:help q:quit &:filter /:search l:level e:error x:crash t:time Enter:all i:info";

	static const char PAGE_HINTS[] = "Esc:back  arrows, PgUp, PgDn, g, G:scroll  ?:help";

	screen__line(y, STYLE_PLAIN, false);
	if (*model->message.text)
		(void)screen__text(y, 1, screen__width() - 1, ttlog_text_of(model->message.text),
				   STYLE_BOLD, false);
	else
		(void)screen__text(
			y, 0, screen__width(),
			ttlog_text_of(model->page.kind == PAGE_EVENTS ? HINTS : PAGE_HINTS),
			STYLE_DIM, false);
}

/* ---- A prompt ---- */

/* Shows where the mistake is, and in the line below what it is. */
static void draw_why(const struct model *model, struct out *out, int y, int caret)
{
	out__clear(out);
	screen__line(y, STYLE_PLAIN, false);
	(void)screen__text(y, caret < 0 ? 0 : caret, 1, ttlog_text_of("^"), STYLE_ERROR, false);
	out__plain(out, ttlog_text_of(model->events.mistake.why));
	screen__line(y + 1, STYLE_PLAIN, false);
	(void)screen__text(y + 1, 0, screen__width(), out__written(out), STYLE_ERROR, false);
}

static int columns_before(struct ttlog_text text, size_t characters)
{
	size_t len = 0;
	uint32_t code;

	for (; characters && len < text.len; characters--)
		len += utf8__next(text.p + len, text.p + text.len, &code);
	return screen__columns((struct ttlog_text){ text.p, len });
}

static void draw_prompt(const struct model *model, struct out *out, int y)
{
	static const char *const NAMES[] = {
		[PROMPT_FILTER] = "filter: ",
		[PROMPT_SEARCH] = "/",
		[PROMPT_TIME] = "go to time: ",
		[PROMPT_SORT] = "sort by field: ",
	};
	static const char *const HINTS[] = {
		[PROMPT_FILTER] = "Enter: keep it   Esc: as it was   Ctrl-U: empty",
		[PROMPT_SEARCH] =
			"Enter: to the next match   Esc: back   nothing: searches no more",
		[PROMPT_TIME] =
			"Enter: go there   Esc: back   06:00:00.5, 2026-11-21T06:00Z or -10s",
		[PROMPT_SORT] = "Enter: sort by this field's key   Esc: back",
	};
	struct ttlog_text name = ttlog_text_of(NAMES[model->prompt.kind]),
			  text = ttlog_text_of(model->prompt.edit.text);
	int x = (int)name.len, width = screen__width() - x - 1;
	int at = screen__columns((struct ttlog_text){ text.p, model->prompt.edit.at });
	int skip = at > width ? at - width : 0;
	unsigned progress = model__progress(model);

	if (*model->events.mistake.why) {
		draw_why(model, out, y, x + columns_before(text, model->events.mistake.at) - skip);
		y--;
	} else {
		out__clear(out);
		out__text(out, HINTS[model->prompt.kind]);
		if (progress < 1000)
			out__format(out, "   [reading %u%%]", progress / 10);
		screen__line(y + 1, STYLE_PLAIN, false);
		(void)screen__text(y + 1, 0, screen__width(), out__written(out), STYLE_DIM, false);
	}
	screen__line(y, STYLE_PLAIN, false);
	(void)screen__text(y, 0, x, name, STYLE_BOLD, false);
	(void)screen__text_from(y, x, width + 1, text, skip, STYLE_PLAIN, false);
	screen__cursor(y, x + at - skip);
}

void bottom__draw(const struct model *model, struct out *out, int y)
{
	if (model->prompt.kind != PROMPT_NONE) {
		draw_prompt(model, out, y);
		return;
	}
	draw_status(model, out, y);
	draw_hints(model, y + 1);
}

/* SPDX-License-Identifier: MIT */
#include "draw.h"
#include "model.h"
#include "screen.h"

#define NAME_WIDTH      24
#define CNT_WIDTH       13
/* "2026-11-21T" */
#define AXIS_DATE_BYTES 11

static char shade(uint64_t cnt, uint64_t most)
{
	static const char SHADES[] = ".:-=+*#%@";
	size_t shades = sizeof(SHADES) - 1, i = 0;

	/* Each stands for about twice as many as the one before. */
	for (uint64_t at = most; i + 1 < shades && at > cnt; at /= 2)
		i++;
	return SHADES[shades - 1 - i];
}

static void draw_lane(const struct lanes *lanes, const struct lane *lane, int y, bool selected)
{
	const int width = screen__width() - NAME_WIDTH - CNT_WIDTH;
	const size_t slices = lanes__slice_cnt(lanes);
	uint64_t most = 1;

	for (size_t i = 0; i < slices; i++)
		most = lane->cnts[i] > most ? lane->cnts[i] : most;
	if (width > 0 && slices > (size_t)width)
		most = most * slices / (size_t)width;
	for (int x = 0; x < width; x++) {
		size_t from = (size_t)x * slices / (size_t)width;
		size_t to = (size_t)(x + 1) * slices / (size_t)width;
		uint64_t cnt = 0;
		uint8_t level = 0;
		char c;

		for (size_t i = from; i < to || i == from; i++) {
			cnt += lane->cnts[i];
			level = lane->levels[i] > level ? lane->levels[i] : level;
		}
		if (!cnt)
			continue;
		c = shade(cnt, most);
		(void)screen__text(y, NAME_WIDTH + CNT_WIDTH + x, 1, (struct ttlog_text){ &c, 1 },
				   (enum screen_style)(STYLE_LEVEL + level), selected);
	}
}

static void draw_name(const struct lane *lane, struct out *out, int y, bool selected)
{
	out__clear(out);
	out__format(out, "%llu/%llu ", (unsigned long long)lane->thread->pid,
		    (unsigned long long)lane->thread->tid);
	out__plain(out, lane->thread->comm);
	(void)screen__text(y, 1, NAME_WIDTH - 2, out__written(out), STYLE_PLAIN, selected);
	out__clear(out);
	out__grouped(out, lane->cnt);
	(void)screen__text(y, NAME_WIDTH + CNT_WIDTH - 2 - (int)out->len, CNT_WIDTH,
			   out__written(out), STYLE_BOLD, selected);
}

/* The column of the cursor's event; -1: it has none. */
static int find_marker(const struct model *model, int width)
{
	const struct lanes *lanes = &model->page.lanes;
	uint64_t span_ns = lanes->last_ns - lanes->first_ns;
	double at;

	if (!model->cursor.has_here || !span_ns || model->cursor.here.key < lanes->first_ns ||
	    width < 1)
		return -1;
	at = (double)(model->cursor.here.key - lanes->first_ns) / (double)span_ns * (width - 1);
	return at < width - 1 ? (int)at : width - 1;
}

/* When the lanes start and how long they take; only the start if there is less room, without the
 * date if there is still less. It must not cover the marker. */
static void draw_span(const struct lanes *lanes, struct out *out, int y, int left, int width,
		      int marker)
{
	int ends[2], x = 0, room = marker < 0 ? width : marker - 1;

	out__clear(out);
	out__time(out, lanes->first_ns);
	ends[0] = (int)out->len;
	out__text(out, "  + ");
	out__duration(out, lanes->last_ns - lanes->first_ns);
	ends[1] = (int)out->len;
	if (room < ends[1] && width - marker - 2 > room) {
		x = marker + 2;
		room = width - x;
	}
	for (int i = 2; i-- > 0;) {
		int from = room < ends[i] ? AXIS_DATE_BYTES : 0;

		if (ends[i] - from > room)
			continue;
		(void)screen__text(y, left + x, room,
				   (struct ttlog_text){ out->buf + from, (size_t)(ends[i] - from) },
				   STYLE_HEAD, false);
		return;
	}
}

static void draw_axis(const struct model *model, struct out *out, int y)
{
	const int left = NAME_WIDTH + CNT_WIDTH, width = screen__width() - left;
	const int marker = find_marker(model, width);

	screen__line(y, STYLE_HEAD, false);
	(void)screen__text(y, 1, NAME_WIDTH, ttlog_text_of("THREAD"), STYLE_HEAD, false);
	(void)screen__text(y, left - 8, 8, ttlog_text_of("EVENTS"), STYLE_HEAD, false);
	if (model->page.lanes.first_ns)
		draw_span(&model->page.lanes, out, y, left, width, marker);
	if (marker >= 0)
		(void)screen__text(y, left + marker, 1, ttlog_text_of("v"), STYLE_MARK, true);
}

void lanes_pane__draw(const struct model *model, struct out *out, int top, int height)
{
	const struct page *page = &model->page;
	const struct lanes *lanes = &page->lanes;

	draw_axis(model, out, top);
	for (int i = 1; i < height; i++) {
		const size_t number = page->lane_top + (size_t)i - 1;
		const bool selected = number == page->lane;

		screen__line(top + i, STYLE_PLAIN, selected && number < lanes->cnt);
		if (number >= lanes->cnt)
			continue;
		draw_name(lanes->lanes[number], out, top + i, selected);
		draw_lane(lanes, lanes->lanes[number], top + i, selected);
	}
}

/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "draw.h"
#include "model.h"
#include "screen.h"

static void draw_head(const struct detail *detail, int y, int below)
{
	const char *hint = detail->has_focus ? "arrows scroll, Tab: back to the events"
					     : "Tab: scroll in it, Enter: close";
	char text[96];

	snprintf(text, sizeof(text), "EVENT  (%s)", hint);
	if (below > 0)
		snprintf(text, sizeof(text), "EVENT  (%s)  %d line%s below", hint, below,
			 below == 1 ? "" : "s");
	screen__line(y, STYLE_HEAD, false);
	(void)screen__text(y, 1, screen__width() - 1, ttlog_text_of(text), STYLE_HEAD, false);
}

void detail_pane__draw(const struct model *model, int top, int height)
{
	const struct detail *detail = &model->detail;

	if (!height)
		return;
	draw_head(detail, top, detail->line_cnt - (height - 1) - detail->top);
	for (int i = 1; i < height; i++)
		screen__line(top + i, STYLE_PLAIN, false);
	for (size_t i = 0; i < detail->cnt; i++) {
		const struct detail_text *text = &detail->texts[i];
		int y = text->y - detail->top;

		if (y >= 0 && y < height - 1)
			(void)screen__text(top + 1 + y, text->x, screen__width() - text->x,
					   detail__text(detail, text), text->style, false);
	}
}

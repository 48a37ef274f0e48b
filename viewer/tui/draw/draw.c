/* SPDX-License-Identifier: MIT */
#include "draw.h"
#include "model.h"
#include "screen.h"

static void draw_too_small(void)
{
	for (int y = 0; y < screen__height(); y++)
		screen__line(y, STYLE_PLAIN, false);
	(void)screen__text(0, 0, screen__width(), ttlog_text_of("too small"), STYLE_PLAIN, false);
}

void draw__all(const struct model *model, struct out *out)
{
	const int bottom = screen__height() - 2;
	const int detail_height = model__detail_height(model);
	int top;

	screen__cursor(-1, 0);
	if (screen__height() < MODEL_MIN_HEIGHT) {
		draw_too_small();
		return;
	}
	top = title__draw(model, out);
	if (model->page.kind == PAGE_LANES) {
		lanes_pane__draw(model, out, top, model__page_height(model));
	} else if (model->page.kind != PAGE_EVENTS) {
		scroll__draw(&model->page.scroll, top, model__page_height(model));
	} else {
		table__draw(model, out);
		detail_pane__draw(model, bottom - detail_height, detail_height);
	}
	bottom__draw(model, out, bottom);
}

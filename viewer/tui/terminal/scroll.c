/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "scroll.h"
#include "screen.h"

/* A page of statistics of a hostile file must not fill the memory. */
#define MAX_BYTES  (16u << 20)
#define LEFT_STEP  8
#define HEAD_BYTES 2u /* a line that does not begin with a blank is a heading */

static int split(struct scroll *scroll)
{
	size_t cnt = 1, at = 0;

	for (size_t i = 0; i < scroll->len; i++)
		cnt += scroll->text[i] == '\n';
	scroll->starts = reallocarray(NULL, cnt + 1, sizeof(*scroll->starts));
	if (!scroll->starts)
		return -ENOMEM;
	for (size_t i = 0; i < scroll->len; i++) {
		if (!i || scroll->text[i - 1] == '\n')
			scroll->starts[at++] = i;
	}
	scroll->line_cnt = at;
	scroll->starts[at] = scroll->len;
	return 0;
}

/* The text is what was written, up to MAX_BYTES. */
static int copy(struct scroll *scroll, struct ttlog_text text)
{
	scroll->len = text.len < MAX_BYTES ? text.len : MAX_BYTES;
	scroll->text = malloc(scroll->len + 1);
	if (!scroll->text)
		return -ENOMEM;
	memcpy(scroll->text, text.p, scroll->len);
	return split(scroll);
}

int scroll__take(struct scroll *scroll, struct out *out)
{
	struct scroll taken = { .text = NULL };
	struct ttlog_text text = out__written(out);
	int err = out->err ? out->err : copy(&taken, text);

	scroll__fini(err ? &taken : scroll);
	if (!err)
		*scroll = taken;
	out__fini(out);
	return err;
}

void scroll__fini(struct scroll *scroll)
{
	free(scroll->text);
	free(scroll->starts);
	*scroll = (struct scroll){ .text = NULL };
}

void scroll__draw(const struct scroll *scroll, int y, int height)
{
	for (int i = 0; i < height; i++) {
		size_t line = scroll->top + (size_t)i;
		enum screen_style style = STYLE_PLAIN;
		struct ttlog_text text;

		screen__line(y + i, STYLE_PLAIN, false);
		if (line >= scroll->line_cnt)
			continue;
		text.p = scroll->text + scroll->starts[line];
		text.len = scroll->starts[line + 1] - scroll->starts[line];
		if (text.len && text.p[text.len - 1] == '\n')
			text.len--;
		if (text.len >= HEAD_BYTES && *text.p != ' ')
			style = STYLE_BOLD;
		(void)screen__text_from(y + i, 0, screen__width(), text, scroll->left, style,
					false);
	}
}

void scroll__to_end(struct scroll *scroll, int height)
{
	scroll->top = scroll->line_cnt > (size_t)height ? scroll->line_cnt - (size_t)height : 0;
}

bool scroll__key(struct scroll *scroll, int key, int height)
{
	const long most = (long)scroll->line_cnt - height;
	long top = (long)scroll->top;

	if (key == 'j' || key == SCREEN_KEY('n') || key == '\r' || key == SCREEN_SPECIAL(KEY_DOWN))
		top++;
	else if (key == 'k' || key == SCREEN_KEY('p') || key == SCREEN_SPECIAL(KEY_UP))
		top--;
	else if (key == ' ' || key == SCREEN_KEY('f') || key == SCREEN_SPECIAL(KEY_NPAGE))
		top += height;
	else if (key == SCREEN_KEY('b') || key == SCREEN_SPECIAL(KEY_PPAGE))
		top -= height;
	else if (key == SCREEN_KEY('d'))
		top += height / 2;
	else if (key == SCREEN_KEY('u'))
		top -= height / 2;
	else if (key == 'g' || key == SCREEN_SPECIAL(KEY_HOME))
		top = 0;
	else if (key == 'G' || key == SCREEN_SPECIAL(KEY_END))
		top = most;
	else if (key == SCREEN_SPECIAL(KEY_RIGHT))
		scroll->left += LEFT_STEP;
	else if (key == SCREEN_SPECIAL(KEY_LEFT))
		scroll->left -= scroll->left ? LEFT_STEP : 0;
	else
		return false;
	top = top > most ? most : top;
	scroll->top = top < 0 ? 0 : (size_t)top;
	return true;
}

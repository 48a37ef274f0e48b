/* SPDX-License-Identifier: MIT */
/*
 * The cursor's event with all that is known of it, and the line of source that made it, as pieces of
 * text. The file's name comes from the snapshot: only a plain file is opened, and it is read no further
 * than to the line.
 */
#ifndef TTLOG_VIEW_DETAIL_H
#define TTLOG_VIEW_DETAIL_H

#include <stdbool.h>
#include <stddef.h>

#include <ttlog/read.h>
#include "out.h"
#include "screen.h"

struct detail_text {
	int x, y;
	size_t start, len; /* in `all` */
	enum screen_style style;
};

struct detail {
	bool is_open, has_focus; /* it is shown; keys scroll in it */
	int top;                 /* lines that are scrolled away */
	struct out out;          /* in memory: all text, */
	struct ttlog_text all;   /* and when it is made */
	struct detail_text *texts;
	size_t cnt, cap;
	int width, line_cnt;
};

int detail__init(struct detail *detail);
/* For a pane of that size. with_file: events are of several. 0 or -ENOMEM. */
int detail__make(struct detail *detail, const struct ttlog_event *event, bool with_file, int width,
		 int height);
void detail__clear(struct detail *detail); /* there is no event */
static inline struct ttlog_text detail__text(const struct detail *detail,
					     const struct detail_text *text)
{
	return (struct ttlog_text){ detail->all.p + text->start, text->len };
}
void detail__fini(struct detail *detail);

#endif /* TTLOG_VIEW_DETAIL_H */

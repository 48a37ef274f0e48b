/* SPDX-License-Identifier: MIT */
/*
 * All that is known of the cursor's event, and its line of source, as pieces of text. The name of
 * the source file comes from the snapshot: only a plain file is opened, and read only up to that
 * line.
 */
#ifndef TTLOG_VIEW_DETAIL_H
#define TTLOG_VIEW_DETAIL_H

#include <ttlog/read.h>
#include "out.h"
#include "screen.h"

struct detail_text {
	int x, y;
	size_t start, len; /* in `all` */
	enum screen_style style;
};

struct detail {
	bool is_open, has_focus; /* it is shown; keys scroll it */
	int top;                 /* lines above the pane */
	struct out out;          /* in memory: all text, */
	struct ttlog_text all;   /* and when it is made */
	struct detail_text *texts;
	size_t cnt, cap;
	int width, line_cnt;
	size_t line_start, value_start; /* of the line that is being made */
};

int detail__init(struct detail *detail);
/* For a pane of that size. with_file: shows the name of the snapshot. Returns 0 or -ENOMEM. */
int detail__make(struct detail *detail, const struct ttlog_event *event, bool with_file, int width,
		 int height);
void detail__clear(struct detail *detail); /* if there is no event */
static inline struct ttlog_text detail__text(const struct detail *detail,
					     const struct detail_text *text)
{
	return (struct ttlog_text){ detail->all.p + text->start, text->len };
}
void detail__fini(struct detail *detail);

#endif /* TTLOG_VIEW_DETAIL_H */

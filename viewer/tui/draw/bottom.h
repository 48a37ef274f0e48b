/* SPDX-License-Identifier: MIT */
/* The last two lines: where the cursor is and what keys do, or a prompt. */
#ifndef TTLOG_VIEW_BOTTOM_H
#define TTLOG_VIEW_BOTTOM_H

struct model;
struct out;

/* The first of the two is y. */
void bottom__draw(const struct model *model, struct out *scratch, int y);

#endif /* TTLOG_VIEW_BOTTOM_H */

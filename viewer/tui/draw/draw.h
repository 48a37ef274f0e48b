/* SPDX-License-Identifier: MIT */
/* The whole screen, from top to bottom. */
#ifndef TTLOG_VIEW_DRAW_H
#define TTLOG_VIEW_DRAW_H

struct model;
struct out;

/* After model__prepare. `out` is in memory: texts are made there. */
void draw__all(const struct model *model, struct out *out);

#endif /* TTLOG_VIEW_DRAW_H */

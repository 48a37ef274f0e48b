/* SPDX-License-Identifier: MIT */
/* The whole screen, from top to bottom. */
#ifndef TTLOG_VIEW_DRAW_H
#define TTLOG_VIEW_DRAW_H

struct model;
struct out;

/* `out` is in memory: what texts are made in. */
void draw__all(const struct model *model, struct out *out);

#endif /* TTLOG_VIEW_DRAW_H */

/* SPDX-License-Identifier: MIT */
/*
 * The screen and its parts, from top to bottom. All read a model after model__prepare. `out` is in
 * memory: texts are made there.
 */
#ifndef TTLOG_VIEW_DRAW_H
#define TTLOG_VIEW_DRAW_H

struct model;
struct out;

void draw__all(const struct model *model, struct out *out);

/* The file, how its process ended, and what is wrong with the files. Returns the line below. */
int title__draw(const struct model *model, struct out *out);
/* The events. */
void table__draw(const struct model *model, struct out *out);
/* The cursor's event, below the table. */
void detail_pane__draw(const struct model *model, int top, int height);
/* A line for each thread: a denser character stands for more events, its colour for the worst. */
void lanes_pane__draw(const struct model *model, struct out *out, int top, int height);
/* The last two lines, y and y + 1: where the cursor is and what keys do, or a prompt. */
void bottom__draw(const struct model *model, struct out *out, int y);

#endif /* TTLOG_VIEW_DRAW_H */

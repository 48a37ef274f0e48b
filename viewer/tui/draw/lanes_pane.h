/* SPDX-License-Identifier: MIT */
/* A line a thread: how much it said when, denser characters for more, coloured by the worst. */
#ifndef TTLOG_VIEW_LANES_PANE_H
#define TTLOG_VIEW_LANES_PANE_H

struct model;
struct out;

void lanes_pane__draw(const struct model *model, struct out *scratch, int top, int height);

#endif /* TTLOG_VIEW_LANES_PANE_H */

/* SPDX-License-Identifier: MIT */
/* The cursor's event, below the table. */
#ifndef TTLOG_VIEW_DETAIL_PANE_H
#define TTLOG_VIEW_DETAIL_PANE_H

struct model;

void detail_pane__draw(const struct model *model, int top, int height);

#endif /* TTLOG_VIEW_DETAIL_PANE_H */

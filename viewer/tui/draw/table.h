/* SPDX-License-Identifier: MIT */
/* The events. */
#ifndef TTLOG_VIEW_TABLE_H
#define TTLOG_VIEW_TABLE_H

struct model;
struct out;

void table__draw(const struct model *model, struct out *scratch);

#endif /* TTLOG_VIEW_TABLE_H */

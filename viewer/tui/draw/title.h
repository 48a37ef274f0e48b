/* SPDX-License-Identifier: MIT */
/* The top: which file, how its process ended, and what is wrong with the files. */
#ifndef TTLOG_VIEW_TITLE_H
#define TTLOG_VIEW_TITLE_H

struct model;
struct out;

/* Returns the first line below it. */
int title__draw(const struct model *model, struct out *scratch);

#endif /* TTLOG_VIEW_TITLE_H */

/* SPDX-License-Identifier: MIT */
/* What each key does to the model. Those of the first ttlog's viewer mean what they did there. */
#ifndef TTLOG_VIEW_KEYS_H
#define TTLOG_VIEW_KEYS_H

#include <stdbool.h>

struct model;

/* A key as screen__key gives it. */
void keys__take(struct model *model, int key, bool special);

#endif /* TTLOG_VIEW_KEYS_H */

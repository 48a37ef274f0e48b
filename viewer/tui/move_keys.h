/* SPDX-License-Identifier: MIT */
/* Keys and the mouse that move the cursor, scroll or turn a page. */
#ifndef TTLOG_VIEW_MOVE_KEYS_H
#define TTLOG_VIEW_MOVE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

struct model;

/* Returns whether it was such a key. */
bool move_keys__take(struct model *model, int key, bool special);
void move_keys__take_mouse(struct model *model);
/* By a screen. */
void move_keys__page_down(struct model *model);

#endif /* TTLOG_VIEW_MOVE_KEYS_H */

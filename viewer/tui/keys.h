/* SPDX-License-Identifier: MIT */
/* What each key does to the model: keys as screen__key gives them. */
#ifndef TTLOG_VIEW_KEYS_H
#define TTLOG_VIEW_KEYS_H

#include <stdbool.h>

struct model;

void keys__take(struct model *model, int key);

/* Moves the cursor or scrolls. Returns whether the key does that. */
bool move_keys__take(struct model *model, int key);
void move_keys__take_mouse(struct model *model);

/* While a page is open. Returns whether the page has a use for the key. */
bool page_keys__take(struct model *model, int key);
/* Closes the page if the key closes it, or is about the events; not if the page counts anew what is
 * chosen. Returns whether that is all that the key does. */
bool page_keys__leave(struct model *model, int key);

/* kind: enum prompt_kind. */
void prompt_keys__open(struct model *model, int kind);
/* While a prompt is open. Each letter of a filter changes the events that are shown. */
void prompt_keys__take(struct model *model, int key);

#endif /* TTLOG_VIEW_KEYS_H */

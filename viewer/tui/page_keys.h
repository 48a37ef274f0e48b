/* SPDX-License-Identifier: MIT */
/* Keys of a page that is in the place of the table: they scroll, choose a lane, or lead back. */
#ifndef TTLOG_VIEW_PAGE_KEYS_H
#define TTLOG_VIEW_PAGE_KEYS_H

#include <stdbool.h>

struct model;

/* Returns whether the page has a use for the key. */
bool page_keys__take(struct model *model, int key, bool special);
/* Closes the page if the key closes it, or is about the events; not if the page counts anew what is
 * chosen. Returns whether that is all that the key does. */
bool page_keys__leave(struct model *model, int key);

#endif /* TTLOG_VIEW_PAGE_KEYS_H */

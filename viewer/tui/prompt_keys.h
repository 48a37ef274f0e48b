/* SPDX-License-Identifier: MIT */
/* Keys of a prompt. While a filter is typed, each letter changes the events that are shown. */
#ifndef TTLOG_VIEW_PROMPT_KEYS_H
#define TTLOG_VIEW_PROMPT_KEYS_H

#include <stdbool.h>

struct model;

/* kind: enum prompt_kind. */
void prompt_keys__open(struct model *model, int kind);
void prompt_keys__take(struct model *model, int key, bool special);

#endif /* TTLOG_VIEW_PROMPT_KEYS_H */

/* SPDX-License-Identifier: MIT */
/* A line is typed. A filter shows what it lets pass with each letter. */
#ifndef TTLOG_VIEW_PROMPT_KEYS_H
#define TTLOG_VIEW_PROMPT_KEYS_H

#include <stdbool.h>

struct model;

/* kind: enum prompt_kind. */
void prompt_keys__open(struct model *model, int kind);
void prompt_keys__take(struct model *model, int key, bool special);

#endif /* TTLOG_VIEW_PROMPT_KEYS_H */

/* SPDX-License-Identifier: MIT */
/* A line is typed. A filter shows what it lets pass with each letter. */
#ifndef TTLOG_VIEW_PROMPT_KEYS_H
#define TTLOG_VIEW_PROMPT_KEYS_H

#include <stdbool.h>

#include "prompt.h"

struct model;

void prompt_keys__open(struct model *model, enum prompt_kind kind, const char *text);
void prompt_keys__take(struct model *model, int key, bool special);

#endif /* TTLOG_VIEW_PROMPT_KEYS_H */

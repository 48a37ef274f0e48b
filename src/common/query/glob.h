/* SPDX-License-Identifier: MIT */
#ifndef TTLOG_GLOB_H
#define TTLOG_GLOB_H

#include <stdbool.h>

#include "ttlog/read.h"

/* Whether text matches a glob of * ? [a-z] [!a-z] and \ before any of these, by characters of
 * UTF-8. The time is at most the product of both lengths. */
bool glob__match(struct ttlog_text pattern, struct ttlog_text text);

#endif /* TTLOG_GLOB_H */

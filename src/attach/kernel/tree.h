/* SPDX-License-Identifier: MIT */
/*
 * The processes that the kernel side follows: CMD's tree, also processes that never log.
 */
#ifndef TTLOG_TREE_H
#define TTLOG_TREE_H

#include <stddef.h>

struct kernel;

/* How many run, at most `max`. Only in the thread that calls kernel__untrack(). */
size_t tree__living(const struct kernel *kernel, size_t max);

#endif /* TTLOG_TREE_H */

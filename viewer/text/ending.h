/* SPDX-License-Identifier: MIT */
/* How a process ended, in a few words, and whether two processes ended alike. */
#ifndef TTLOG_VIEW_ENDING_H
#define TTLOG_VIEW_ENDING_H

#include <ttlog/read.h>

/* "SIGSEGV in parse_order (src/orders.c:88)", "exit status 1", "no crash". Owned by the caller;
 * NULL: no memory. */
char *ending__words(const struct ttlog_info *info);
/* Whether both crashed with the same signal in the same function, or both ended with the same
 * status. */
bool ending__is_same(const struct ttlog_info *a, const struct ttlog_info *b);

/* Whether a frame's function is from a file of the program, not of a library of the system. */
bool ending__is_own(const struct ttlog_info *info, const struct ttlog_frame *frame);
/* "parse_order" of a frame's symbol "parse_order+0x1f". */
struct ttlog_text ending__function(struct ttlog_text symbol);

#endif /* TTLOG_VIEW_ENDING_H */

/* SPDX-License-Identifier: MIT */
/*
 * Pages that the machine takes from processes that run.
 *
 * A thread that flushes reads its batch first, so that it is there. What dies does not: its last
 * events are copied by the kernel, which waits for no page then. So they are read before, where
 * that may happen.
 */
#ifndef TTLOG_PAGING_H
#define TTLOG_PAGING_H

#include <stdbool.h>

/* Whether it does: there is swap, or NUMA balancing looks who wants which page. */
bool paging__takes_pages(void);

#endif /* TTLOG_PAGING_H */

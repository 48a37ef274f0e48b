/* SPDX-License-Identifier: MIT */
/*
 * Whether the machine takes pages from running processes.
 *
 * A thread that flushes reads its batch first, so that all pages are there. A dying thread does
 * not: the kernel copies its last events, and waits for no page. So where pages may be taken, the
 * collector reads batches in advance.
 */
#ifndef TTLOG_PAGING_H
#define TTLOG_PAGING_H

#include <stdbool.h>

/* Whether it does: there is swap, or NUMA balancing is on. */
bool paging__takes_pages(void);

#endif /* TTLOG_PAGING_H */

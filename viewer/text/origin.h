/* SPDX-License-Identifier: MIT */
/*
 * Which of several files an event is of, and its site and thread numbered over all of them.
 */
#ifndef TTLOG_VIEW_ORIGIN_H
#define TTLOG_VIEW_ORIGIN_H

#include <stddef.h>

#include <ttlog/read.h>

struct origin {
	const struct ttlog_snapshot *reader;
	size_t number;                   /* the reader's place among those given */
	size_t first_site, first_thread; /* the numbers of its first ones */
};

struct origins {
	struct origin *list; /* in the order of their readers in memory */
	size_t cnt, site_cnt, thread_cnt;
	size_t last; /* whose event was asked for last */
};

/* The readers stay where they are. Those without header have no events, and are left out.
 * Returns 0 or -ENOMEM. */
int origins__init(struct origins *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt);
void origins__fini(struct origins *origins);

/* Of an event of one of the readers. */
const struct origin *origins__find(struct origins *origins, const struct ttlog_event *event);

#endif /* TTLOG_VIEW_ORIGIN_H */

/* SPDX-License-Identifier: MIT */
/*
 * From which of several files an event comes; sites and threads numbered over all files.
 */
#ifndef TTLOG_VIEW_PROVENANCE_H
#define TTLOG_VIEW_PROVENANCE_H

#include <ttlog/read.h>

struct provenance {
	const struct ttlog_snapshot *reader;
	size_t number;                   /* the reader's number */
	size_t first_site, first_thread; /* the numbers of its first site and thread */
};

struct provenances {
	struct provenance *list; /* by the address of the reader */
	size_t cnt, site_cnt, thread_cnt;
	size_t last; /* the one found last */
};

/* The readers must not move in memory. Those without header have no events and are left out.
 * Returns 0 or -ENOMEM. */
int provenances__init(struct provenances *ret, struct ttlog_snapshot *const *readers,
		      size_t reader_cnt);
void provenances__fini(struct provenances *provenances);

/* The event must be of one of the readers. */
const struct provenance *provenances__find(struct provenances *provenances,
					   const struct ttlog_event *event);

#endif /* TTLOG_VIEW_PROVENANCE_H */

/* SPDX-License-Identifier: MIT */
/*
 * A page in the place of the table: text (help, the files, statistics), or lanes of threads.
 * Statistics and lanes are counted by a survey, which reads all rows once more.
 */
#ifndef TTLOG_VIEW_PAGE_H
#define TTLOG_VIEW_PAGE_H

#include "lanes.h"
#include "scroll.h"

struct events;
struct follower;
struct goal;
struct info_scan;
struct message;
struct rows;
struct stats;

enum page_kind {
	PAGE_EVENTS, /* the table itself */
	PAGE_HELP,
	PAGE_INFO,
	PAGE_STATS,
	PAGE_LANES,
};

struct page {
	struct events *events;
	const struct follower *follower;
	const struct goal *goal;
	struct message *message;
	enum page_kind kind;
	struct scroll scroll; /* of text */
	struct rows *survey;  /* NULL: none */
	bool is_shown;        /* the result of the survey was shown: */
	uint64_t shown_cnt;   /* of so many events */
	struct stats *stats;  /* PAGE_STATS */
	/* PAGE_INFO, one for each file; NULL: none is being scanned. */
	struct info_scan *scans;
	size_t scan;        /* the file that is being scanned */
	struct lanes lanes; /* PAGE_LANES */
	size_t lane, lane_top;
	int err;
};

/* In `height` lines. Returns 0 or -errno. */
int page__open(struct page *page, enum page_kind kind, int height);
void page__close(struct page *page);
/* It shows counts of the events that are chosen. */
bool page__counts(const struct page *page);
/* Counts until then (CLOCK_MONOTONIC), the latter once all files were scanned. Returns 1 if there
 * is more to do, 0, or -errno. */
int page__work_on_survey(struct page *page, uint64_t until_ns);
int page__work_on_info(struct page *page, uint64_t until_ns, int height);
/* In thousandths; 1000: no file is being scanned. */
unsigned page__info_progress(const struct page *page);
/* Scrolls until the chosen lane is in sight. */
void page__show_lane(struct page *page, int height);
/* Before parts are dropped: statistics have names that lie in them. */
void page__drop(struct page *page);
void page__fini(struct page *page);

#endif /* TTLOG_VIEW_PAGE_H */

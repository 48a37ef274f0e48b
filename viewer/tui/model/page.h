/* SPDX-License-Identifier: MIT */
/*
 * What is in the place of the table: a page of text (help, the files, statistics), or the threads'
 * lanes. Statistics and lanes are counted by a survey: the rows of what is chosen, gone over once more.
 */
#ifndef TTLOG_VIEW_PAGE_H
#define TTLOG_VIEW_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	bool is_shown;        /* what the survey found was shown: */
	uint64_t shown_cnt;   /* so many events */
	struct stats *stats;  /* PAGE_STATS */
	/* PAGE_INFO, of each file; NULL: nothing is being counted for it. */
	struct info_scan *scans;
	size_t scan;        /* the one that is gone on with */
	struct lanes lanes; /* PAGE_LANES */
	size_t lane, lane_top;
	int err;
};

/* In `height` lines. 0 or -errno. */
int page__open(struct page *page, enum page_kind kind, int height);
void page__close(struct page *page);
/* Whether what it shows is counted of the events that are chosen. */
bool page__counts(const struct page *page);
/* Counts until then (CLOCK_MONOTONIC), once all files were gone over. Returns 1 while there is more,
 * 0, or -errno. */
int page__work_on_survey(struct page *page, uint64_t until_ns);
int page__work_on_info(struct page *page, uint64_t until_ns, int height);
/* In thousandths; 1000: nothing is being counted for PAGE_INFO. */
unsigned page__info_progress(const struct page *page);
/* Makes the chosen lane one of those in sight. */
void page__show_lane(struct page *page, int height);
/* Sources will go: what was counted has names that lie in them. */
void page__drop(struct page *page);
void page__fini(struct page *page);

#endif /* TTLOG_VIEW_PAGE_H */

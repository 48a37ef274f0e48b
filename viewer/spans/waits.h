/* SPDX-License-Identifier: MIT */
/*
 * What --sched has recorded of threads off the CPU (src/sched/sched_sites.c): an event at the end of
 * each wait, which says how long it was. Outputs that draw spans draw these as slices too.
 */
#ifndef TTLOG_VIEW_WAITS_H
#define TTLOG_VIEW_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include <ttlog/read.h>

struct lane;

/* The last one stands for reasons of later versions. */
#define WAIT_REASON_CNT 6u
extern const char *const WAIT_REASONS[WAIT_REASON_CNT];

struct wait {
	uint64_t duration_ns;
	unsigned reason; /* of WAIT_REASONS */
};

/* Whether events of the site are waits. */
bool wait__is_site(const struct ttlog_site *site);
/* False: it is no wait. */
bool wait__of(const struct ttlog_event *event, struct wait *ret);
/*
 * When the wait began, which ended then: not before the thread's last event, since it did not run
 * meanwhile (the clocks of both differ a little).
 */
uint64_t wait__begin_ns(const struct wait *wait, const struct lane *lane, uint64_t end_ns);

#endif /* TTLOG_VIEW_WAITS_H */

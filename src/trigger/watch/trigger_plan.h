/* SPDX-License-Identifier: MIT */
/*
 * When snapshots are made: what --on, --delay and --min-gap say.
 *
 * The main thread makes a plan, and hands it to the drain thread (drain__set_plan()), which alone uses
 * its filters.
 */
#ifndef TTLOG_TRIGGER_PLAN_H
#define TTLOG_TRIGGER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule.h"

struct record_filter;

/* What a plain list of --on names. */
enum trigger_on {
	TRIGGER_ON_CRASH = 1,
	TRIGGER_ON_EXIT = 2,
	TRIGGER_ON_REQUEST = 4,
	TRIGGER_ON_KILLED = 8,
};

enum watch_kind {
	WATCH_FILL,
	WATCH_EVENT,
	WATCH_SLOW,
};

struct trigger_watch {
	enum watch_kind kind;
	char *text;                   /* as in --on */
	unsigned percent;             /* WATCH_FILL: of the ring */
	struct record_filter *filter; /* WATCH_EVENT; one thread at a time may use it */
	char *probe;                  /* WATCH_SLOW: a glob */
	uint64_t duration_ns;         /* WATCH_SLOW: more than that is slow */
};

#define TRIGGER_WATCHES_MAX 32u

struct trigger_plan {
	unsigned on;   /* enum trigger_on, or-ed */
	bool has_list; /* `on` is not the default */
	struct schedule_rules rules;
	struct trigger_watch watches[TRIGGER_WATCHES_MAX];
	size_t watch_cnt;
};

/* The default. NULL with errno. */
struct trigger_plan *trigger_plan__new(void);
/* NULL is fine. */
void trigger_plan__free(struct trigger_plan *plan);

/*
 * What one --on says. The first plain list replaces the default, others are added to it, and so are
 * "fill>PERCENT%", "event:EXPR" and "slow:PROBE>DURATION". 0 or -errno;
 * -EINVAL: ret_why, if it is not "", has lines that say what is wrong, and where.
 */
int trigger_plan__add(struct trigger_plan *plan, const char *text, char *ret_why, size_t why_size);

#endif /* TTLOG_TRIGGER_PLAN_H */

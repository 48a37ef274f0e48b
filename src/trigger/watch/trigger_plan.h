/* SPDX-License-Identifier: MIT */
/*
 * When snapshots are made: what --on, --delay and --min-gap say.
 *
 * The main thread makes a plan, and hands it to the drain thread (drain__set_plan()).
 */
#ifndef TTLOG_TRIGGER_PLAN_H
#define TTLOG_TRIGGER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "schedule.h"

/* What a plain list of --on names. */
enum trigger_on {
	TRIGGER_ON_CRASH = 1,
	TRIGGER_ON_EXIT = 2,
	TRIGGER_ON_REQUEST = 4,
	TRIGGER_ON_KILLED = 8,
};

struct trigger_plan {
	unsigned on;   /* enum trigger_on, or-ed */
	bool has_list; /* `on` is not the default */
	struct schedule_rules rules;
};

/* The default. NULL with errno. */
struct trigger_plan *trigger_plan__new(void);
/* NULL is fine. */
void trigger_plan__free(struct trigger_plan *plan);

/*
 * What one --on says. The first plain list replaces the default, others are added to it. 0 or -errno;
 * -EINVAL: ret_why, if it is not "", has lines that say what is wrong, and where.
 */
int trigger_plan__add(struct trigger_plan *plan, const char *text, char *ret_why, size_t why_size);

#endif /* TTLOG_TRIGGER_PLAN_H */

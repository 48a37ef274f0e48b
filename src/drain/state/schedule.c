/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "schedule.h"

void trigger_cause__fini(struct trigger_cause *cause)
{
	free(cause->on);
	free(cause->probe);
	*cause = (struct trigger_cause){ 0 };
}

void schedule__fini(struct schedule *schedule)
{
	trigger_cause__fini(&schedule->cause);
}

bool schedule__is_early(const struct schedule *schedule, const struct schedule_rules *rules,
			uint64_t at_ns)
{
	if (!rules->min_gap_ns || !schedule->last_ns)
		return false;
	/* the last one may be still to come */
	return at_ns < schedule->last_ns || at_ns - schedule->last_ns < rules->min_gap_ns;
}

enum schedule_answer schedule__ask(struct schedule *schedule, const struct schedule_rules *rules,
				   uint64_t now_ns)
{
	uint64_t at_ns;

	if (schedule->due_ns)
		return SCHEDULE_PENDING;
	if (__builtin_add_overflow(now_ns, rules->delay_ns, &at_ns))
		at_ns = UINT64_MAX;
	if (schedule__is_early(schedule, rules, at_ns))
		return SCHEDULE_SUPPRESSED;
	schedule->due_ns = at_ns;
	schedule->last_ns = at_ns;
	return SCHEDULE_ACCEPTED;
}

/* SPDX-License-Identifier: MIT */
#include "spans.h"
#include "waits.h"

const char *const WAIT_REASONS[WAIT_REASON_CNT] = {
	"sleep", "lock", "disk", "preempted", "stopped", "other",
};

/* The place of each field in the site. */
enum {
	WAIT_DURATION = 0,
	WAIT_REASON = 1,
};

bool wait__is_site(const struct ttlog_site *site)
{
	return site->kind == TTLOG_EVENT_PLAIN && site->nfields > WAIT_REASON &&
	       ttlog_text_is(site->target, "sched") && ttlog_text_is(site->probe, "off_cpu") &&
	       ttlog_text_is(site->keys[WAIT_DURATION], "duration_ns") &&
	       site->types[WAIT_DURATION] == TTLOG_TYPE_U64 &&
	       ttlog_text_is(site->keys[WAIT_REASON], "reason") &&
	       site->types[WAIT_REASON] == TTLOG_TYPE_STR;
}

static unsigned reason_of(struct ttlog_text text)
{
	unsigned i = 0;

	while (i < WAIT_REASON_CNT - 1 && !ttlog_text_is(text, WAIT_REASONS[i]))
		i++;
	return i;
}

bool wait__of(const struct ttlog_event *event, struct wait *ret)
{
	struct ttlog_field duration, reason;

	if (!wait__is_site(event->site))
		return false;
	ttlog_event_field(event, WAIT_DURATION, &duration);
	ttlog_event_field(event, WAIT_REASON, &reason);
	if (duration.null || reason.null)
		return false;
	*ret = (struct wait){ duration.u, reason_of(reason.text) };
	return true;
}

uint64_t wait__begin_ns(const struct wait *wait, const struct lane *lane, uint64_t end_ns)
{
	const uint64_t begin_ns = end_ns > wait->duration_ns ? end_ns - wait->duration_ns : 0;

	return begin_ns < lane->last_ns && lane->last_ns <= end_ns ? lane->last_ns : begin_ns;
}

/* SPDX-License-Identifier: MIT */
/*
 * When triggers make the next snapshot of a process: after --delay, and --min-gap apart. A death
 * does not ask. Knows no clock: the caller says what time it is (CLOCK_MONOTONIC).
 */
#ifndef TTLOG_SCHEDULE_H
#define TTLOG_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule_rules {
	uint64_t delay_ns;   /* recording goes on so long first */
	uint64_t min_gap_ns; /* between two snapshots of one process; 0: none */
};

/* What made a watch fire. All 0: no watch did. */
struct trigger_cause {
	char *on;             /* as in --on; NULL: none */
	char *probe;          /* of the event or the span; NULL: it was none */
	uint64_t mono_ns;     /* when the event was logged, when the span has begun; 0: neither */
	uint64_t duration_ns; /* of the span, up to when it was seen; 0: it was none */
	uint64_t bytes;       /* in no snapshot yet; 0: another trigger */
	uint32_t tid;
	bool is_open; /* the span had not ended */
};

struct schedule {
	const char *reason; /* of the one that is due; never freed */
	struct trigger_cause cause;
	uint64_t due_ns;         /* 0: none is due */
	uint64_t last_ns;        /* when the last one was made, or will be; 0: never */
	uint64_t suppressed_cnt; /* since the last snapshot */
};

enum schedule_answer {
	SCHEDULE_ACCEPTED,
	SCHEDULE_PENDING, /* the one that is due will show this, too */
	SCHEDULE_SUPPRESSED,
};

void trigger_cause__fini(struct trigger_cause *cause);
void schedule__fini(struct schedule *schedule);

/* A watch has fired. If it is accepted, due_ns is set, and the caller sets reason and cause. If not,
 * the caller counts. */
enum schedule_answer schedule__ask(struct schedule *schedule, const struct schedule_rules *rules,
				   uint64_t now_ns);
/* Whether one that is made at that time comes too early. */
bool schedule__is_early(const struct schedule *schedule, const struct schedule_rules *rules,
			uint64_t at_ns);

static inline bool schedule__is_due(const struct schedule *schedule, uint64_t now_ns)
{
	return schedule->due_ns && schedule->due_ns <= now_ns;
}

#endif /* TTLOG_SCHEDULE_H */

/* SPDX-License-Identifier: MIT */
/*
 * One place that files are sent to, and the thread that does it. Nothing but the spool and the ledger
 * is shared with other destinations: one that is down costs them nothing.
 */
#ifndef TTLOG_DESTINATION_H
#define TTLOG_DESTINATION_H

#include <pthread.h>
#include <stdint.h>

#include "backoff.h"
#include "place.h"
#include "rate.h"
#include "ship_metrics.h"

struct destination {
	/* set before the thread starts */
	const struct place_ops *ops;
	struct place_setting setting;
	uint64_t audit_after_ns;
	struct rate rate;

	struct ship_counts counts; /* the thread adds */

	/* the thread's own */
	pthread_t thread;
	struct place *place;
	struct backoff backoff;
	bool is_failing;           /* it could be reached, and that was all */
	struct sending *under_way; /* files that a quorum does not have yet */
	size_t under_way_cnt, under_way_bytes;
	bool is_urgent;               /* the file that is on its way waits for a crash */
	bool was_not_whole;           /* what was audited last */
	char said[FLEET_ERROR_BYTES]; /* the error that was printed last; "": all is well */
};

/* 0 or -errno. */
int destination__start(struct destination *destination);
/* In its thread, while a file is on its way, which may be a crash: goes on with those that are under way; sends
 * the crashes that came meanwhile, if it is none. 0 or -errno of the destination. */
int destination__go_on(struct destination *destination, bool is_crash);
/* After spool__stop(). */
void destination__join(struct destination *destination);

#endif /* TTLOG_DESTINATION_H */

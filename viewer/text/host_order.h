/* SPDX-License-Identifier: MIT */
/*
 * Whether the order of events of several hosts is certain: their clocks differ. Each file says by
 * how much its host's clock may be off (clock_error_ns); files that do not say it, or are of no
 * host, are passed over. Hosts of one name are one.
 */
#ifndef TTLOG_VIEW_HOST_ORDER_H
#define TTLOG_VIEW_HOST_ORDER_H

#include <ttlog/read.h>
#include "provenance.h"

/* The latest moment at which an event of that host may have been. */
struct host_reach {
	uint32_t host; /* plus 1; 0: none */
	uint64_t until_ns, error_ns;
};

struct host_order {
	struct provenances provenances;
	struct host_of_file *files; /* by number of the reader; NULL: the order is certain */
	struct host *hosts;
	size_t host_cnt;
	struct host_reach first, second; /* of two hosts, those that reach furthest */
	uint64_t event_cnt, unsure_cnt;
};

/* Returns 0 or -ENOMEM; then ret is empty. */
int host_order__init(struct host_order *ret, struct ttlog_snapshot *const *readers,
		     size_t reader_cnt);
void host_order__fini(struct host_order *order);

/* The next event in the order of time: 0 if it is later than all events of other hosts before it;
 * else by how much the two clocks may differ. */
uint64_t host_order__take(struct host_order *order, const struct ttlog_event *event);

/* By how much the clocks of two of the hosts may differ; 0: the order is certain. */
uint64_t host_order__most_ns(const struct host_order *order);

/* Says on stderr how many events were not certain; nothing if none was. */
void host_order__say(const struct host_order *order);
/* Says on stderr that times of several hosts can't be compared closely; nothing if they can. */
void host_order__say_times(const struct host_order *order);
/* Says on stderr that events of several hosts may belong to other intervals of this length; nothing
 * if that is longer than the errors. */
void host_order__say_interval(const struct host_order *order, uint64_t interval_ns);

#endif /* TTLOG_VIEW_HOST_ORDER_H */

/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "array.h"
#include "snapshot_counts.h"

static const char *const names[] = {
	[SNAPSHOT_CRASH] = "crash",       [SNAPSHOT_KILLED] = "killed",
	[SNAPSHOT_EXIT] = "exit",         [SNAPSHOT_TIMER] = "timer",
	[SNAPSHOT_REQUEST] = "request",   [SNAPSHOT_FILL] = "fill",
	[SNAPSHOT_EVENT] = "event",       [SNAPSHOT_SLOW] = "slow",
	[SNAPSHOT_SHUTDOWN] = "shutdown", [SNAPSHOT_RECOVERED] = "recovered",
	[SNAPSHOT_OTHER] = "other",
};

_Static_assert(ARRAY_SIZE(names) == SNAPSHOT_REASON_CNT, "each reason has a name");

static const uint64_t bounds_ns[SNAPSHOT_DURATION_CNT] = {
	1000000, 10000000, 100000000, 1000000000, 10000000000, 0,
};

enum snapshot_reason snapshot_reason__of(const char *reason)
{
	size_t i = 0;

	while (i < SNAPSHOT_OTHER && strcmp(names[i], reason) != 0)
		i++;
	return (enum snapshot_reason)i;
}

const char *snapshot_reason__name(enum snapshot_reason reason)
{
	return names[reason];
}

uint64_t snapshot_counts__duration_ns(unsigned int i)
{
	return bounds_ns[i];
}

static struct snapshot_count *find(struct snapshot_counts *counts, const char *reason)
{
	return &counts->by_reason[snapshot_reason__of(reason)];
}

void snapshot_counts__made(struct snapshot_counts *counts, const char *reason, uint64_t events,
			   uint64_t bytes, uint64_t took_ns)
{
	struct snapshot_count *count = find(counts, reason);

	count->made++;
	count->events += events;
	count->bytes += bytes;
	count->took_ns += took_ns;
	if (took_ns > count->longest_ns)
		count->longest_ns = took_ns;
	for (size_t i = 0; i < SNAPSHOT_DURATION_CNT; i++)
		count->durations[i] += !bounds_ns[i] || took_ns <= bounds_ns[i];
}

void snapshot_counts__failed(struct snapshot_counts *counts, const char *reason, int err)
{
	find(counts, reason)->failed++;
	counts->faults[storage_fault__of(err)]++;
}

void snapshot_counts__suppressed(struct snapshot_counts *counts, const char *reason)
{
	find(counts, reason)->suppressed++;
}

/* SPDX-License-Identifier: MIT */
/*
 * The kernel's reports of all mappings for execution, by perf events: libraries, and what a dynamic
 * linker maps. There is one buffer for each CPU, which is read every so often: a report wakes
 * nothing.
 *
 * One thread.
 */
#ifndef TTLOG_MAP_EVENTS_H
#define TTLOG_MAP_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct map_events;

struct map_event {
	uint32_t pid;
	uint32_t generation; /* of the inode */
	uint64_t address;    /* of the mapping */
	uint64_t inode;      /* never 0 */
	dev_t dev;           /* as in maps(5) */
};

typedef void (*map_event_fn)(void *ctx, const struct map_event *event);

/* Opens the events, and tries them on a file of this process. NULL with errno; ENOTSUP: the kernel
 * takes them, but reports nothing. */
struct map_events *map_events__new(void);
/* NULL is fine. */
void map_events__free(struct map_events *events);

/* Calls take() for each report that is there. */
void map_events__take(struct map_events *events, map_event_fn take, void *ctx);
/* How many the kernel dropped, ever, because a buffer was full. */
uint64_t map_events__lost_cnt(const struct map_events *events);
/* Opens events for CPUs that came since. Whether there were some: what they did is not known. */
bool map_events__add_cpus(struct map_events *events);

/* Parses the bytes of one record, with its header. False: it is no report of a file. For tests. */
bool map_event__parse(const void *record, size_t bytes, struct map_event *ret, uint64_t *lost_cnt);

#endif /* TTLOG_MAP_EVENTS_H */

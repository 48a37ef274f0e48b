/* SPDX-License-Identifier: MIT */
/*
 * How one process is recorded, where that differs from all others: its [target NAME] section. Never
 * changes, and stays as long as the collector.
 */
#ifndef TTLOG_PROCESS_SETTINGS_H
#define TTLOG_PROCESS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct tags;
struct trigger_plan;

struct process_settings {
	size_t ring_bytes; /* of its flight ring; 0: as all */
	/* `on` of its section; its rules do not count. Only the drain thread uses its filters.
	 * NULL: as all */
	const struct trigger_plan *plan;
	bool has_stream;         /* `stream` holds */
	bool stream;             /* its events go to segments */
	const struct tags *tags; /* NULL: as all */
};

#endif /* TTLOG_PROCESS_SETTINGS_H */

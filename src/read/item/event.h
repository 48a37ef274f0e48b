/* SPDX-License-Identifier: MIT */
/*
 * Where an event's values come from. Code that uses events knows neither files nor CBOR: an event
 * has a source, and a value is fetched from it when it is first used.
 */
#ifndef TTLOG_READ_EVENT_H
#define TTLOG_READ_EVENT_H

#include "ttlog/read.h"

struct identity;

struct ttlog_event_source {
	/* NULL: it could not be decoded */
	const struct ttlog_column *(*column)(const struct ttlog_event *event, unsigned idx);
	/* NULL: from the column */
	void (*field)(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret);
	/* Whether the event has an identity. NULL: no event has. */
	bool (*identity)(const struct ttlog_event *event, struct identity *ret);
	/* The trace_id, or span_id, of each event of its chunk: bytes of the right length, or null.
	 * NULL, or gives NULL: no event has one. */
	const struct ttlog_column *(*ids)(const struct ttlog_event *event, bool is_span);
	/* How many calls were left out before each event of its chunk: numbers. NULL, or gives
	 * NULL: none were. */
	const struct ttlog_column *(*suppressed)(const struct ttlog_event *event);
};

#endif /* TTLOG_READ_EVENT_H */

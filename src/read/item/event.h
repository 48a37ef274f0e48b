/* SPDX-License-Identifier: MIT */
/*
 * Where an event's values come from. Nothing that looks at events knows of files or CBOR: who makes
 * events gives them a source, and values are fetched through it only when someone asks.
 */
#ifndef TTLOG_READ_EVENT_H
#define TTLOG_READ_EVENT_H

#include "ttlog/read.h"

#include "field.h"

struct identity;

struct ttlog_event_source {
	/* NULL where it could not be decoded */
	const struct ttlog_column *(*column)(const struct ttlog_event *event, unsigned idx);
	/* NULL: of the column */
	void (*field)(const struct ttlog_event *event, unsigned idx, struct ttlog_field *ret);
	/* NULL: none has one. Whether this one has. */
	bool (*identity)(const struct ttlog_event *event, struct identity *ret);
};

#endif /* TTLOG_READ_EVENT_H */

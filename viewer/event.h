/* SPDX-License-Identifier: MIT */
/*
 * An event as every output and the filter see it, whatever it was read from.
 *
 * Nothing here knows of files or CBOR: who produces events fills in a source, and the field values
 * are fetched through it only when someone asks. Text is not zero-terminated, may hold any byte,
 * and is valid as long as the source says.
 */
#ifndef TTLOG_VIEW_EVENT_H
#define TTLOG_VIEW_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/abi.h"

#include "field.h"

enum event_kind {
	EVENT_PLAIN,
	EVENT_SPAN,     /* a span's begin */
	EVENT_SPAN_END, /* one field: duration_ns */
};

/* The static part of an event. */
struct event_site {
	uint8_t kind;  /* enum event_kind */
	uint8_t level; /* enum ttlog_level */
	uint8_t nfields;
	uint8_t types[TTLOG_MAX_FIELDS]; /* enum ttlog_type */
	const struct text *keys;         /* nfields */
	struct text target, probe, msg, file, func;
	uint64_t line;
	uint64_t identity; /* the same for the same site in another file */
};

struct event_thread {
	uint64_t pid, tid;
	uint64_t ns_pid, ns_tid; /* 0 where they are the same */
	struct text comm;
};

struct event;
struct unpacked;

struct event_source {
	void (*field)(const struct event *event, unsigned idx, struct event_field *ret);
	/* All values of the field in the event's group, the event's own at its row. NULL where they
	 * could not be decoded. */
	const struct unpacked *(*column)(const struct event *event, unsigned idx);
};

struct event {
	const struct event_source *source;
	void *context; /* the source's own */
	const struct event_site *site;
	const struct event_thread *thread;
	uint64_t mono_ns;
	uint64_t real_ns;                    /* wall time */
	uint32_t site_number, thread_number; /* within the source */
	uint32_t group, row;                 /* the source's own */
};

static inline void event__field(const struct event *event, unsigned idx, struct event_field *ret)
{
	event->source->field(event, idx, ret);
}

static inline const struct unpacked *event__column(const struct event *event, unsigned idx)
{
	return event->source->column(event, idx);
}

#endif /* TTLOG_VIEW_EVENT_H */

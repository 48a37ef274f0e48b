/* SPDX-License-Identifier: MIT */
/* The keys that every event has besides its fields: their names in filters, groups and outputs. */
#ifndef TTLOG_EVENT_KEY_H
#define TTLOG_EVENT_KEY_H

#include "ttlog/read.h"

/* The names in EVENT_KEYS follow this. Filters know the keys up to
 * EVENT_KEY_SUPPRESSED. */
enum event_key {
	EVENT_KEY_FIELD, /* not one of these: a field */
	EVENT_KEY_LEVEL,
	EVENT_KEY_TARGET,
	EVENT_KEY_PROBE,
	EVENT_KEY_MSG,
	EVENT_KEY_FILE,
	EVENT_KEY_FUNC,
	EVENT_KEY_COMM,
	EVENT_KEY_PID,
	EVENT_KEY_TID,
	EVENT_KEY_TS,
	EVENT_KEY_LINE,
	/* not of a field; but filters take fields with these names, too: of its context, and how
	 * many calls were left out before it */
	EVENT_KEY_TRACE,
	EVENT_KEY_SPAN,
	EVENT_KEY_SUPPRESSED,
	EVENT_KEY_MONO_NS,
	EVENT_KEY_DURATION_NS,
	EVENT_KEY_CNT,
};

extern const struct ttlog_text EVENT_KEYS[EVENT_KEY_CNT];

/* The key up to `last` that has this name; else EVENT_KEY_FIELD. */
enum event_key event_key__find(struct ttlog_text name, enum event_key last);

static inline bool event_key__is_id(enum event_key key)
{
	return key == EVENT_KEY_TRACE || key == EVENT_KEY_SPAN;
}

/* Whether the event may have it besides fields with this key, and may not. */
static inline bool event_key__is_optional(enum event_key key)
{
	return event_key__is_id(key) || key == EVENT_KEY_SUPPRESSED;
}

/* Whether a field with this key is in filters and outputs what its key says. */
static inline bool event_key__may_be_field(enum event_key key)
{
	return key == EVENT_KEY_FIELD || event_key__is_optional(key);
}

static inline bool event_key__is_text(enum event_key key)
{
	return key >= EVENT_KEY_TARGET && key <= EVENT_KEY_COMM;
}

#endif /* TTLOG_EVENT_KEY_H */

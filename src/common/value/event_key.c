/* SPDX-License-Identifier: MIT */
#include "event_key.h"

#define KEY(literal)                                                                               \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

const struct ttlog_text EVENT_KEYS[EVENT_KEY_CNT] = {
	[EVENT_KEY_LEVEL] = KEY("level"),     [EVENT_KEY_TARGET] = KEY("target"),
	[EVENT_KEY_PROBE] = KEY("probe"),     [EVENT_KEY_MSG] = KEY("msg"),
	[EVENT_KEY_FILE] = KEY("file"),       [EVENT_KEY_FUNC] = KEY("func"),
	[EVENT_KEY_COMM] = KEY("comm"),       [EVENT_KEY_PID] = KEY("pid"),
	[EVENT_KEY_TID] = KEY("tid"),         [EVENT_KEY_TS] = KEY("ts"),
	[EVENT_KEY_LINE] = KEY("line"),       [EVENT_KEY_TRACE] = KEY("trace"),
	[EVENT_KEY_SPAN] = KEY("span"),       [EVENT_KEY_SUPPRESSED] = KEY("suppressed"),
	[EVENT_KEY_MONO_NS] = KEY("mono_ns"), [EVENT_KEY_DURATION_NS] = KEY("duration_ns"),
};

enum event_key event_key__find(struct ttlog_text name, enum event_key last)
{
	for (unsigned i = EVENT_KEY_LEVEL; i <= (unsigned)last; i++) {
		if (name.len == EVENT_KEYS[i].len && name.p[0] == EVENT_KEYS[i].p[0] &&
		    ttlog_text_equal(name, EVENT_KEYS[i]))
			return (enum event_key)i;
	}
	return EVENT_KEY_FIELD;
}

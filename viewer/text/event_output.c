/* SPDX-License-Identifier: MIT */
#include "event_output.h"

#define KEY(literal)                                                                               \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

const struct ttlog_text EVENT_KEYS[EVENT_KEY_CNT] = {
	KEY("ts"),   KEY("mono_ns"), KEY("level"),       KEY("target"), KEY("probe"),
	KEY("msg"),  KEY("pid"),     KEY("tid"),         KEY("comm"),   KEY("file"),
	KEY("line"), KEY("func"),    KEY("duration_ns"),
};

bool event_output__is_taken(struct ttlog_text key)
{
	for (size_t i = 0; i < EVENT_KEY_CNT; i++) {
		if (key.len == EVENT_KEYS[i].len && key.p[0] == EVENT_KEYS[i].p[0] &&
		    ttlog_text_equal(key, EVENT_KEYS[i]))
			return true;
	}
	return false;
}

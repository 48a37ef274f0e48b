/* SPDX-License-Identifier: MIT */
#include "event_output.h"

const uint8_t EVENT_COLUMNS[EVENT_COLUMN_CNT] = {
	EVENT_KEY_TS,   EVENT_KEY_MONO_NS, EVENT_KEY_LEVEL,       EVENT_KEY_TARGET, EVENT_KEY_PROBE,
	EVENT_KEY_MSG,  EVENT_KEY_PID,     EVENT_KEY_TID,         EVENT_KEY_COMM,   EVENT_KEY_FILE,
	EVENT_KEY_LINE, EVENT_KEY_FUNC,    EVENT_KEY_DURATION_NS,
};

bool event_output__is_taken(struct ttlog_text key, bool has_suppressed)
{
	const enum event_key found = event_key__find(key, EVENT_KEY_DURATION_NS);

	return found == EVENT_KEY_SUPPRESSED ? has_suppressed : !event_key__may_be_field(found);
}

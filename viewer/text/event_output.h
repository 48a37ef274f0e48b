/* SPDX-License-Identifier: MIT */
/*
 * What a way to print events in order consists of, for those that keep something from one event to
 * the next. Memory does not grow with the number of events.
 */
#ifndef TTLOG_VIEW_EVENT_OUTPUT_H
#define TTLOG_VIEW_EVENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <ttlog/read.h>
#include "event_key.h"
#include "out.h"

struct event_output_setup {
	struct out *out;
	struct ttlog_snapshot *const
		*readers; /* those that the events come from; all headers are read */
	size_t reader_cnt;
	size_t unread_cnt;    /* files that could not be read at all */
	const char *counters; /* KEY[,KEY], or NULL */
	bool has_limit;       /* of the events, only the last `limit` come */
	uint64_t limit;
	const char *directory; /* that ctf makes */
};

struct event_output {
	/* Prints what comes before the first event. NULL with errno. */
	void *(*begin)(const struct event_output_setup *setup);
	void (*event)(void *state, const struct ttlog_event *event);
	/* Prints what comes after the last one, and frees. Takes NULL. */
	void (*end)(void *state);
	/* All events have come once. Whether they shall come once more: for a format that puts together
	 * what lies far apart. NULL: no. */
	bool (*again)(void *state);
};

/* What every event has after its time, in the order of all outputs: a number's or a text's key and
 * value. */
#define EVENT_VALUES(event, NUMBER, TEXT)                                                          \
	NUMBER(mono_ns, (event)->mono_ns)                                                          \
	TEXT(level, ttlog_text_of(ttlog_level_name((event)->site->level)))                         \
	TEXT(target, (event)->site->target)                                                        \
	TEXT(probe, (event)->site->probe)                                                          \
	TEXT(msg, (event)->site->msg)                                                              \
	NUMBER(pid, (event)->thread->pid)                                                          \
	NUMBER(tid, (event)->thread->tid)                                                          \
	TEXT(comm, (event)->thread->comm)                                                          \
	TEXT(file, (event)->site->file)                                                            \
	NUMBER(line, (event)->site->line)                                                          \
	TEXT(func, (event)->site->func)

/* enum event_key, in the order of JSON and CSV, where fields are not apart from them. */
#define EVENT_COLUMN_CNT (EVENT_KEY_CNT - 1)
extern const uint8_t EVENT_COLUMNS[EVENT_COLUMN_CNT];
/* Whether a field has the name of one: then it is called fields.KEY, as in filters. */
bool event_output__is_taken(struct ttlog_text key);

extern const struct event_output chrome_output;
extern const struct event_output csv_output;
extern const struct event_output html_output;
extern const struct event_output logfmt_output;
extern const struct event_output otlp_output;
extern const struct event_output ctf_output;
extern const struct event_output perfetto_output;

#endif /* TTLOG_VIEW_EVENT_OUTPUT_H */

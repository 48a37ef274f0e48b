/* SPDX-License-Identifier: MIT */
/*
 * An output of events in their order that keeps a state from one event to the next. Its memory does
 * not grow with the number of events.
 */
#ifndef TTLOG_VIEW_EVENT_OUTPUT_H
#define TTLOG_VIEW_EVENT_OUTPUT_H

#include <ttlog/read.h>
#include "event_key.h"
#include "out.h"

struct event_output_setup {
	struct out *out;
	struct ttlog_snapshot *const
		*readers; /* the events come from these; all headers were read */
	size_t reader_cnt;
	size_t unread_cnt;    /* files that could not be read at all */
	const char *counters; /* KEY[,KEY], or NULL */
	bool has_limit;       /* only the last `limit` events come */
	uint64_t limit;
	const char *directory; /* which ctf makes */
};

struct event_output {
	size_t state_bytes;
	/* Prints what comes before the first event. The state is all zero. Returns 0 or -errno;
	 * then only fini follows. */
	int (*begin)(void *state, const struct event_output_setup *setup);
	void (*event)(void *state, const struct ttlog_event *event);
	/* Whether all events shall come once more: for a format that puts together what lies far
	 * apart. NULL: no. */
	bool (*again)(void *state);
	/* Prints what comes after the last event. NULL: nothing. */
	void (*end)(void *state);
	void (*fini)(void *state);
};

/* The keys and values of every event after its time, numbers and texts, in the order of all
 * outputs. */
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

/* enum event_key in the order of JSON and CSV, where fields come after them. */
#define EVENT_COLUMN_CNT (EVENT_KEY_CNT - 4) /* but trace, span and suppressed */
extern const uint8_t EVENT_COLUMNS[EVENT_COLUMN_CNT];
/* Whether a field has the name of one of these, or of `suppressed` where there is such a value: then
 * it is called fields.KEY, as in filters. */
bool event_output__is_taken(struct ttlog_text key, bool has_suppressed);

extern const struct event_output chrome_output;
extern const struct event_output csv_output;
extern const struct event_output html_output;
extern const struct event_output otlp_output;
extern const struct event_output ctf_output;
extern const struct event_output perfetto_output;

/* A line of --format logfmt. */
/* order_error_ns: as json__ordered_event(). */
void logfmt__event(struct out *out, const struct ttlog_event *event, uint64_t order_error_ns);

#endif /* TTLOG_VIEW_EVENT_OUTPUT_H */

/* SPDX-License-Identifier: MIT */
/*
 * The open spans of each thread, for outputs that show a span as one item: when the end comes, the
 * begin is here, with its fields.
 *
 * A lane is a thread of a machine: a thread that changed its name, or is in several files, has one
 * lane. Files are of one machine if host and boot are the same.
 *
 * Memory is bounded for any file: begins beyond SPANS_MAX_DEPTH in a lane, or SPANS_MAX_OPEN in
 * all, are not kept, nor fields beyond SPANS_MAX_BYTES.
 */
#ifndef TTLOG_VIEW_SPANS_H
#define TTLOG_VIEW_SPANS_H

#include <ttlog/read.h>
#include "provenance.h"

#define SPANS_MAX_DEPTH 256u
#define SPANS_MAX_OPEN  65536u
#define SPANS_MAX_BYTES (16u << 20)
#define SPANS_NAME_MAX                                                                             \
	4096u /* bytes of a probe's name or a file's path, PATH_MAX; longer ones count as none */
/* The times of start and end come from other readings of the clock than the duration. */
#define SPANS_SLACK_NS 100000u

struct span {
	struct ttlog_event begin;   /* its fields are only in `fields` */
	struct ttlog_field *fields; /* owned, with their text; NULL: it has none, or no memory */
	size_t bytes;
	uint64_t id, trace; /* used by the output */
	/* as ttlog_event_trace_id() and ttlog_event_span_id() gave them; "": it has none */
	char trace_id[33], span_id[17];
};

struct lane {
	size_t machine;
	const struct ttlog_thread *thread;   /* with its last name */
	const struct ttlog_snapshot *reader; /* a file of its process */
	struct span *open;                   /* the outermost first */
	uint32_t cnt, cap;
	uint32_t unkept;  /* begins that were not kept, inside of the kept ones */
	uint64_t last_ns; /* of its last event; kept by the outputs that need it */
};

struct spans {
	struct provenances provenances;
	size_t *machines;   /* by reader */
	size_t *processes;  /* by reader: the first one of the same process */
	uint64_t *shift_ns; /* by reader: from its CLOCK_MONOTONIC to that of the first machine's */
	struct lane *lanes; /* by machine, pid, tid */
	size_t lane_cnt;
	uint32_t *lane_of; /* by thread of each file */
	size_t open_cnt, bytes;
	size_t room; /* there is memory for so many spans, open or not */
};

/* Returns 0 or -ENOMEM; then ret is empty. */
int spans__init(struct spans *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt);
void spans__fini(struct spans *spans);

/* CLOCK_MONOTONIC of the first file's machine: one time axis for all. */
uint64_t spans__ns(struct spans *spans, const struct ttlog_event *event);
/* Over all files, from 0. */
size_t spans__site_number(struct spans *spans, const struct ttlog_event *event);
struct lane *spans__lane(struct spans *spans, const struct ttlog_event *event);

/* Makes the lane's innermost span. NULL: it is not kept. */
struct span *spans__begin(struct spans *spans, struct lane *lane, const struct ttlog_event *begin);
/* Whether that end, a later event of the thread, belongs to the start. */
bool spans__is_pair(const struct ttlog_event *begin, const struct ttlog_site *end, uint64_t end_ns,
		    uint64_t duration_ns);
/* Which of the lane's open spans has ended; lane->cnt: its start was not seen. Spans inside it will
 * never end (longjmp, or their ends were lost). */
uint32_t spans__match(struct lane *lane, const struct ttlog_event *end, uint64_t duration_ns);
/* Removes the innermost span. */
void spans__pop(struct spans *spans, struct lane *lane);

#endif /* TTLOG_VIEW_SPANS_H */

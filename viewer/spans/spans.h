/* SPDX-License-Identifier: MIT */
/*
 * Spans that have begun and not ended yet, thread by thread, for outputs that show a span as one
 * thing: when its end comes, its begin is remembered here with its fields.
 *
 * A lane is a thread of a machine: threads that changed their names, or are in several files, are
 * one. Files are of one machine where host and boot are the same.
 *
 * Bounded whatever a file holds: begins beyond SPANS_MAX_DEPTH in a lane or SPANS_MAX_OPEN in all
 * are not kept, nor fields beyond SPANS_MAX_BYTES.
 */
#ifndef TTLOG_VIEW_SPANS_H
#define TTLOG_VIEW_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "provenance.h"

#define SPANS_MAX_DEPTH 256u
#define SPANS_MAX_OPEN  65536u
#define SPANS_MAX_BYTES (16u << 20)
#define SPANS_NAME_MAX                                                                             \
	4096u /* bytes of a probe's name or a file's path, PATH_MAX; longer is none */
/* A begin's and an end's time are not from the same reading of the clock as the duration. */
#define SPANS_SLACK_NS 100000u

struct span {
	struct ttlog_event begin;   /* its fields are in `fields`, and nowhere else */
	struct ttlog_field *fields; /* owned, with their text; NULL: it has none, or no memory */
	size_t bytes;
	uint64_t id, trace; /* the output's own */
};

struct lane {
	size_t machine;
	const struct ttlog_thread *thread;   /* its last name */
	const struct ttlog_snapshot *reader; /* a file of its process */
	struct span *open;                   /* the outermost first */
	uint32_t cnt, cap;
	uint32_t unkept; /* begins that were not kept, inside those that are */
};

struct spans {
	struct provenances provenances;
	size_t *machines;  /* of each reader, by its place */
	size_t *processes; /* the same: the place of the first one of the same process */
	uint64_t *
		shift_ns; /* of each reader: from its CLOCK_MONOTONIC to the first one's machine's */
	struct lane *lanes; /* by machine, pid, tid */
	size_t lane_cnt;
	uint32_t *lane_of; /* of each thread of each file */
	size_t open_cnt, bytes;
	size_t room; /* for so many spans memory is held, open or not */
};

/* Returns 0 or -ENOMEM; then ret is empty. */
int spans__init(struct spans *ret, struct ttlog_snapshot *const *readers, size_t reader_cnt);
void spans__fini(struct spans *spans);

/* CLOCK_MONOTONIC of the first file's machine: one time axis for all. */
uint64_t spans__ns(struct spans *spans, const struct ttlog_event *event);
/* Over all files, from 0. */
size_t spans__site_number(struct spans *spans, const struct ttlog_event *event);
struct lane *spans__lane(struct spans *spans, const struct ttlog_event *event);

/* The span is the lane's innermost now. NULL where it was not kept. */
struct span *spans__begin(struct spans *spans, struct lane *lane, const struct ttlog_event *begin);
/* Whether that end, of a thread's later event, is the begin's own. */
bool spans__is_pair(const struct ttlog_event *begin, const struct ttlog_site *end, uint64_t end_ns,
		    uint64_t duration_ns);
/* Which of the lane's open spans has ended, or lane->cnt where its begin was not seen. Those inside
 * it never will end (longjmp, or their ends were lost). */
uint32_t spans__match(struct lane *lane, const struct ttlog_event *end, uint64_t duration_ns);
/* Forgets the innermost. */
void spans__pop(struct spans *spans, struct lane *lane);

/* Each field of an event, or of what was kept of it where that is not NULL. */
void spans__each_field(const struct ttlog_event *event, const struct ttlog_field *kept,
		       void (*show)(void *to, struct ttlog_text key,
				    const struct ttlog_field *field),
		       void *to);

#endif /* TTLOG_VIEW_SPANS_H */

/* SPDX-License-Identifier: MIT */
/* The events that are shown: files -> sources -> the choice -> rows. */
#ifndef TTLOG_VIEW_EVENTS_H
#define TTLOG_VIEW_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <ttlog/read.h>
#include "choice.h"
#include "input.h"
#include "rows.h"
#include "sources.h"

struct options;

struct events {
	struct options *options;
	struct input input;     /* the files of the command line */
	struct sources sources; /* these, and live chunks */
	struct ttlog_range range;
	struct choice choice;
	struct mistake mistake; /* in the last expression that was tried */
	struct rows *rows;      /* what is shown; NULL: too little is known of the files yet */
	struct rows *next;      /* what will be shown once it has reached the cursor; NULL: none */
};

/* Opens the files, if there are any. 0 or -errno, which is printed. */
int events__open(struct events *events);
/* Goes over the files until then (CLOCK_MONOTONIC), as far as the first rows need. Returns whether
 * more is needed. */
bool events__scan(struct events *events, uint64_t until_ns);
/* The first rows. 0 or -errno. */
int events__begin(struct events *events);
/* Other events are next. 0, or -errno: -EINVAL with the mistake, and nothing has changed. */
int events__choose(struct events *events, const struct choice *choice);
/* The next rows are shown from now on. */
void events__show_next(struct events *events);
/* The rows of the choice, of `expr` and of `search` (NULL: no such one). NULL with errno; EINVAL with
 * the mistake. */
struct rows *events__make_rows(struct events *events, const char *expr, const char *search);
/* Files that could not be opened, and what is wrong with the others. */
size_t events__problem_cnt(const struct events *events);
void events__fini(struct events *events);

#endif /* TTLOG_VIEW_EVENTS_H */

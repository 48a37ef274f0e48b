/* SPDX-License-Identifier: MIT */
/* The events that are shown: files -> sources -> the choice -> rows. */
#ifndef TTLOG_VIEW_EVENTS_H
#define TTLOG_VIEW_EVENTS_H

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
	struct mistake mistake; /* in the last expression */
	struct rows *rows;      /* shown; NULL: too little is known of the files yet */
	struct rows *next;      /* shown instead, once they reach the cursor; NULL: none */
};

/* Opens the files, if there are any. Returns 0 or -errno, which is printed. */
int events__open(struct events *events);
/* Scans files until then (CLOCK_MONOTONIC), if the first rows need that. Returns whether they need
 * more. */
bool events__scan(struct events *events, uint64_t until_ns);
/* Makes the first rows. Returns 0 or -errno. */
int events__begin(struct events *events);
/* Makes the next rows. Returns 0 or -errno: -EINVAL sets the mistake and changes nothing else. */
int events__choose(struct events *events, const struct choice *choice);
/* Shows the next rows from now on. */
void events__show_next(struct events *events);
/* Rows of what is chosen, and of `expr` and `search`, unless they are NULL. Returns NULL with
 * errno; EINVAL sets the mistake. */
struct rows *events__make_rows(struct events *events, const char *expr, const char *search);
/* How many files could not be opened, plus how many problems the others have. */
size_t events__problem_cnt(const struct events *events);
void events__fini(struct events *events);

#endif /* TTLOG_VIEW_EVENTS_H */

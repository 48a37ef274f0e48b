/* SPDX-License-Identifier: MIT */
/*
 * Which events someone wants to see: expressions (src/expr.h), all of which must hold, and
 * --search.
 *
 * Knows events as event.h has them, no files and no outputs. What depends on the site or the thread
 * alone is decided once for each of them (filter__site, filter__thread), and time that bounds
 * everything before anything is read (filter__range), so that most events cost two table look-ups
 * at most; only then are field values fetched, and only of the keys it names.
 */
#ifndef TTLOG_VIEW_FILTER_H
#define TTLOG_VIEW_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

struct filter;

enum filter_verdict {
	FILTER_NO,
	FILTER_YES,
	FILTER_FIELDS, /* ask filter__fields or filter__rows */
};

struct filter *filter__new(void); /* everything passes; NULL: no memory */
void filter__free(struct filter *filter);

/*
 * Adds an expression. Returns 0; -EINVAL with what is wrong, and the place with a caret, in
 * ret_why, which may be several lines; -ENOMEM.
 */
int filter__add(struct filter *filter, const char *expression, char *ret_why, size_t why_size);
/* Adds a search: a POSIX extended regular expression for the message, a text field or key=value. */
int filter__search(struct filter *filter, const char *regex, char *ret_why, size_t why_size);

bool filter__is_empty(const struct filter *filter);
/* How it was understood, in lines of text. The caller frees; NULL: no memory. */
char *filter__explain(const struct filter *filter);

/* Whether there are times that are relative to the last event, and when that was, before anything
 * else is asked. */
bool filter__needs_last(const struct filter *filter);
void filter__set_last(struct filter *filter, uint64_t last_ns);

/* Narrows the range of time, ns since 1970, both included. The rest only sees events in it. */
void filter__range(const struct filter *filter, uint64_t *since_ns, uint64_t *until_ns);
enum filter_verdict filter__site(const struct filter *filter, const struct event_site *site);
bool filter__thread(const struct filter *filter, const struct event_thread *thread);
/* For an event whose site's verdict is FILTER_FIELDS. */
bool filter__fields(const struct filter *filter, const struct event *event);

/* All events of one group. */
struct filter_rows {
	struct event *event; /* any of them; its row is changed */
	uint32_t cnt;
	/* by row, where filter__needs_origins; thread numbers are below those of the table */
	const uint32_t *threads;
	const struct event_thread *thread_table;
	const uint64_t *real_ns;
	uint8_t *pass;    /* by row: becomes 0 where filter__fields would be false */
	uint8_t *scratch; /* filter__scratch_cnt times cnt */
};

/* Whether threads and times decide together with the rest. */
bool filter__needs_origins(const struct filter *filter);
size_t filter__scratch_cnt(const struct filter *filter);
/* Column by column. Rows whose pass is 0 already are not looked at. */
void filter__rows(const struct filter *filter, const struct filter_rows *rows);

#endif /* TTLOG_VIEW_FILTER_H */

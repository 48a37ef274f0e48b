/* SPDX-License-Identifier: MIT */
/*
 * Which events someone wants to see: KEY OP VALUE terms, all of which must hold, and --search.
 *
 * Knows events as event.h has them, no files and no outputs. What depends on the site or the thread
 * alone is decided once for each of them (filter__site, filter__thread), so that most events cost
 * two table look-ups at most; only then are field values fetched, and only of the keys it names.
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
	FILTER_FIELDS, /* ask filter__fields */
};

struct filter *filter__new(void); /* everything passes; NULL: no memory */
void filter__free(struct filter *filter);

/*
 * Adds a term: KEY (= | != | < | <= | > | >= | ~ | !~) VALUE.
 * Returns 0; -EINVAL with what is wrong, and where, in ret_why; -ENOMEM.
 */
int filter__add(struct filter *filter, const char *expression, char *ret_why, size_t why_size);
/* Adds a search: a POSIX extended regular expression for the message, a text field or key=value. */
int filter__search(struct filter *filter, const char *regex, char *ret_why, size_t why_size);

bool filter__is_empty(const struct filter *filter);
enum filter_verdict filter__site(const struct filter *filter, const struct event_site *site);
bool filter__thread(const struct filter *filter, const struct event_thread *thread);
/* For an event whose site's verdict is FILTER_FIELDS. */
bool filter__fields(const struct filter *filter, const struct event *event);
/*
 * The same for all `cnt` rows of the event's group, column by column: pass[row] becomes 0 where
 * filter__fields would be false. Rows at which it is 0 already are not looked at. The event's row
 * is changed; scratch has room for cnt, too.
 */
void filter__rows(const struct filter *filter, struct event *event, uint32_t cnt, uint8_t *pass,
		  uint8_t *scratch);

#endif /* TTLOG_VIEW_FILTER_H */

/* SPDX-License-Identifier: MIT */
/* Bookmarks: events to come back to. */
#ifndef TTLOG_VIEW_MARKS_H
#define TTLOG_VIEW_MARKS_H

#include "rows.h"

#define MARKS_MAX 1000u

struct message;

struct marks {
	struct message *message;
	struct rows_place places[MARKS_MAX];
	size_t cnt;
};

bool marks__has(const struct marks *marks, const struct rows_place *place);
void marks__toggle(struct marks *marks, const struct rows_place *place);
/* The next mark after a place that these rows show; after the last mark comes the first. NULL:
 * there is none, and the message says so. */
const struct rows_place *marks__next(const struct marks *marks, const struct rows_place *place,
				     struct rows *rows);
/* Forgets marks in parts that are gone. */
void marks__drop(struct marks *marks, const struct sources *sources);

#endif /* TTLOG_VIEW_MARKS_H */

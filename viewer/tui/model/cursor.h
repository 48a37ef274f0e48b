/* SPDX-License-Identifier: MIT */
/* Which line of the table is selected, which lines are in sight, and which event that is. */
#ifndef TTLOG_VIEW_CURSOR_H
#define TTLOG_VIEW_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "rows.h"

struct lines;
struct message;
struct order;

struct cursor {
	const struct order *order;
	struct message *message;
	uint64_t line, top; /* lines of the table, from the first one */
	int left;           /* columns of the message that are out of sight */
	struct rows_place
		here; /* the event at `line`; where there is none any more, the last one */
	bool has_here;
};

/* To a line, as far below the top as before. */
void cursor__put(struct cursor *cursor, uint64_t line);
/* By so many lines, as far as there are any. with_top: what is in sight moves by as many. */
void cursor__move(struct cursor *cursor, int64_t lines, bool with_top);
/* To an event, or where it would be. Some event is shown. */
void cursor__go_to(struct cursor *cursor, const struct rows_place *place);
/* Finds which event is there. Returns whether it is another one. */
bool cursor__look(struct cursor *cursor, struct lines *lines);
/* Makes the cursor's line one of the `height` lines in sight. */
void cursor__show(struct cursor *cursor, int height);

#endif /* TTLOG_VIEW_CURSOR_H */

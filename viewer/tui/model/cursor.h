/* SPDX-License-Identifier: MIT */
/* Which line of the table is selected, which lines are in sight, and which event that is. */
#ifndef TTLOG_VIEW_CURSOR_H
#define TTLOG_VIEW_CURSOR_H

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
		here; /* the event at `line`; if no event is shown, the last one that was */
	bool has_here;
};

/* Goes to a line, which is as far below the top as the old one was. */
void cursor__put(struct cursor *cursor, uint64_t line);
/* Moves by so many lines, at most to the first or last one. with_top: scrolls by as many. */
void cursor__move(struct cursor *cursor, int64_t lines, bool with_top);
/* Goes to an event, or where it would be. Rows must be there. */
void cursor__go_to(struct cursor *cursor, const struct rows_place *place);
/* Finds the event at `line`. Returns whether it is another one now. */
bool cursor__look(struct cursor *cursor, struct lines *lines);
/* Scrolls until the line is one of `height` lines in sight. */
void cursor__show(struct cursor *cursor, int height);

#endif /* TTLOG_VIEW_CURSOR_H */

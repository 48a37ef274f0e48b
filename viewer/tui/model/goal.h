/* SPDX-License-Identifier: MIT */
/*
 * Where the cursor is to go. A key sets the goal. The cursor goes there as soon as enough of the
 * files is known: each slice of work ends with a try.
 */
#ifndef TTLOG_VIEW_GOAL_H
#define TTLOG_VIEW_GOAL_H

#include "rows.h"
#include "search.h"

struct cursor;
struct events;
struct message;
struct order;

enum goal_kind {
	GOAL_NONE,
	GOAL_PLACE, /* `place` */
	GOAL_END,
	GOAL_CRASH,
	GOAL_NEXT, /* `what`, from the cursor's event on */
	GOAL_PREVIOUS,
};

struct goal {
	struct events *events;
	const struct order *order;
	struct search *search;
	struct cursor *cursor;
	struct message *message;
	enum goal_kind kind;
	enum search_for what;
	struct rows_place place;
	uint64_t above;    /* lines in sight above it; UINT64_MAX: no matter how many */
	size_t crash;      /* the file whose crash the title shows */
	size_t crash_left; /* GOAL_CRASH: chunks of it still to be read */
	bool was_at_crash; /* by a key: the next crash is that of another file */
};

void goal__set(struct goal *goal, enum goal_kind kind);
void goal__set_place(struct goal *goal, const struct rows_place *place, uint64_t above);
/* These are searched again: it is no goal any more. */
void goal__forget(struct goal *goal, enum search_for what);
/* Makes the first crash the goal. Returns whether there is one. */
bool goal__find_crash(struct goal *goal);
/* The same with the crash in the title, and after that with those of the other files. */
bool goal__next_crash(struct goal *goal);
/* Goes there if enough is known. at_end: without a goal, goes to the last event. Returns 0 or
 * -errno. */
int goal__pursue(struct goal *goal, int table_height, bool at_end);

#endif /* TTLOG_VIEW_GOAL_H */

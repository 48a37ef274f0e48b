/* SPDX-License-Identifier: MIT */
#include "goal.h"
#include "clock.h"
#include "cursor.h"
#include "events.h"
#include "info_last.h"
#include "message.h"
#include "order.h"

void goal__set(struct goal *goal, enum goal_kind kind)
{
	goal->kind = kind;
	goal->above = UINT64_MAX;
	goal->crash_left = SIZE_MAX;
}

void goal__set_place(struct goal *goal, const struct rows_place *place, uint64_t above)
{
	goal->kind = GOAL_PLACE;
	goal->place = *place;
	goal->above = above;
}

void goal__forget(struct goal *goal, enum search_for what)
{
	if (goal->kind >= GOAL_NEXT && goal->what == what)
		goal->kind = GOAL_NONE;
}

static bool find_crash_from(struct goal *goal, size_t first)
{
	const struct input *input = &goal->events->input;

	for (size_t i = 0; i < input->reader_cnt; i++) {
		size_t k = (first + i) % input->reader_cnt;

		if (!ttlog_snapshot_info(input->readers[k])->crash->is_there)
			continue;
		goal->crash = k;
		goal__set(goal, GOAL_CRASH);
		return true;
	}
	return false;
}

bool goal__find_crash(struct goal *goal)
{
	return find_crash_from(goal, 0);
}

bool goal__next_crash(struct goal *goal)
{
	if (!find_crash_from(goal, goal->crash + (goal->was_at_crash ? 1 : 0)))
		return false;
	goal->was_at_crash = true;
	return true;
}

static void go_to_crash(struct goal *goal)
{
	struct ttlog_snapshot *reader = goal->events->input.readers[goal->crash];
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
	const struct ttlog_crash *crash = ttlog_snapshot_info(reader)->crash;
	const uint64_t until_ns = clock__now_mono_ns() + ROWS_SLICE_NS;
	struct info_last last = { .cnt = 0 };
	struct rows_place place;

	if (!contents->is_scanned)
		return;
	if (goal->crash_left > contents->chunk_cnt)
		goal->crash_left = crash->has_tid ? contents->chunk_cnt : 0;
	sources__disturb(&goal->events->sources);
	while (!last.cnt && goal->crash_left) {
		if (clock__now_mono_ns() >= until_ns)
			return;
		(void)info_last__add(&last, reader, --goal->crash_left, crash->tid);
	}
	if (!last.cnt) {
		message__set(goal->message, "the thread that crashed has no events in the file");
		goal__set(goal, GOAL_END);
		return;
	}
	place = (struct rows_place){
		.input = (uint32_t)goal->crash,
		.chunk = (uint32_t)last.places[0].chunk,
		.position = last.places[0].row,
	};
	rows__set_key(goal->events->rows, &place,
		      ttlog_snapshot_chunk(reader)->mono_ns[place.position]);
	goal__set_place(goal, &place, UINT64_MAX);
}

static void say_there_is_none(const struct goal *goal)
{
	message__set(goal->message, "no %s further %s",
		     goal->what == SEARCH_MATCH ? "match" : "error",
		     goal->kind == GOAL_NEXT ? "down" : "up");
}

/* The next or the previous one by time. */
static void go_to_row(struct goal *goal)
{
	const bool is_next = (goal->kind == GOAL_NEXT) != goal->order->is_reversed;
	const struct cursor *cursor = goal->cursor;
	struct rows *rows = goal->what == SEARCH_MATCH ? goal->search->matches
						       : goal->search->errors;
	struct ttlog_event event;
	bool is_exact;
	uint64_t row;

	if (!(cursor->has_here ? rows__has_passed(rows, &cursor->here) : rows__is_done(rows)))
		return;
	row = rows__find(rows, &cursor->here, &is_exact);
	row = is_next ? row + is_exact : row - 1;
	if (row >= rows__cnt(rows)) {
		if (is_next && !rows__is_done(rows))
			return;
		say_there_is_none(goal);
		goal->kind = GOAL_NONE;
		return;
	}
	goal->kind = rows__event(rows, row, &event, &goal->place) ? GOAL_NONE : GOAL_PLACE;
}

/* The next or the previous one by line. */
static int go_to_line(struct goal *goal)
{
	uint64_t line;

	if (!goal->search->flagger)
		return search__begin_flags(goal->search);
	if (search__is_flagging(goal->search))
		return 0;
	line = search__find_line(goal->search, goal->cursor->line, goal->what,
				 goal->kind == GOAL_NEXT);
	if (line < order__line_cnt(goal->order))
		goal->cursor->line = line;
	else
		say_there_is_none(goal);
	goal->kind = GOAL_NONE;
	return 0;
}

/* If the event is in sight, nothing scrolls; else it comes to the middle of the screen. */
static void go_to_place(struct goal *goal, uint64_t height)
{
	struct cursor *cursor = goal->cursor;
	const uint64_t top = cursor->top;
	uint64_t above = goal->above;

	cursor__go_to(cursor, &goal->place);
	if (above == UINT64_MAX && cursor->line >= top && cursor->line - top < height)
		above = cursor->line - top;
	else if (above == UINT64_MAX)
		above = height / 2;
	cursor->top = cursor->line > above ? cursor->line - above : 0;
	goal->kind = GOAL_NONE;
}

int goal__pursue(struct goal *goal, int table_height, bool at_end)
{
	const struct rows *rows = goal->events->rows;
	const struct order *order = goal->order;
	int err = 0;

	if (goal->events->next)
		return 0; /* first, other events are shown */
	if (goal->kind >= GOAL_NEXT && order->is_sorted)
		err = go_to_line(goal);
	else if (goal->kind >= GOAL_NEXT)
		go_to_row(goal);
	if (goal->kind == GOAL_CRASH)
		go_to_crash(goal);
	if (goal->kind == GOAL_PLACE && rows__has_passed(rows, &goal->place))
		go_to_place(goal, (uint64_t)table_height);
	if ((goal->kind == GOAL_END || at_end) && rows__cnt(rows)) {
		goal->cursor->line = order->is_sorted ? order->sorted.cnt - 1
						      : order__line(order, rows__cnt(rows) - 1);
		if (goal->kind == GOAL_END && rows__is_done(rows))
			goal->kind = GOAL_NONE;
	}
	return err;
}

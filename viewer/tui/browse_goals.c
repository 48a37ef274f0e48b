/* SPDX-License-Identifier: MIT */
/*
 * Where the cursor is and where it is to go. A key says where to; it is gone there as soon as enough
 * of the files is known, and each slice of work ends with a try.
 */
#include <stdint.h>

#include <ttlog/read.h>
#include "browse.h"
#include "info_last.h"

uint64_t browse__line_cnt(const struct browse *browse)
{
	if (!browse->is_ready)
		return 0;
	return browse->is_sorted ? browse->order.cnt : rows__cnt(browse->rows);
}

uint64_t browse__row(const struct browse *browse, uint64_t line)
{
	if (browse->is_sorted)
		return browse->order.entries[line].row;
	return browse->is_reversed ? rows__cnt(browse->rows) - 1 - line : line;
}

uint64_t browse__line(const struct browse *browse, uint64_t row)
{
	if (browse->is_sorted)
		return top_k__find(&browse->order, row);
	return browse__row(browse, row);
}

void browse__go_to_place(struct browse *browse, const struct rows_place *place)
{
	uint64_t cnt = rows__cnt(browse->rows), row, offset = browse->cursor - browse->top;
	bool is_exact;

	if (!cnt)
		return;
	row = rows__find(browse->rows, place, &is_exact);
	row = browse__line(browse, row < cnt ? row : cnt - 1);
	if (row >= browse__line_cnt(browse)) {
		browse__say(browse, "that event is not among the first %zu, which are sorted",
			    browse->order.cnt);
		return;
	}
	browse->cursor = row;
	browse->top = browse->cursor > offset ? browse->cursor - offset : 0;
}

void browse__go(struct browse *browse, enum browse_goal goal, struct rows *rows)
{
	browse->goal = goal;
	browse->goal_rows = rows;
	browse->goal_above = UINT64_MAX;
	browse->crash_left = SIZE_MAX;
	browse->is_following = false;
}

/* ---- Goals ---- */

static void go_to_crash(struct browse *browse)
{
	struct ttlog_snapshot *reader = browse->input.readers[browse->crash];
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);
	const struct ttlog_crash *crash = ttlog_snapshot_info(reader)->crash;
	const uint64_t until_ns = sources__now_ns() + BROWSE_SLICE_NS;
	struct info_last last = { .cnt = 0 };

	if (!contents->is_scanned)
		return;
	if (browse->crash_left > contents->chunk_cnt)
		browse->crash_left = crash->has_tid ? contents->chunk_cnt : 0;
	sources__disturb(&browse->sources);
	while (!last.cnt && browse->crash_left) {
		if (sources__now_ns() >= until_ns)
			return;
		(void)info_last__add(&last, reader, --browse->crash_left, crash->tid);
	}
	browse->goal = GOAL_NONE;
	if (!last.cnt) {
		browse__say(browse, "the thread that crashed has no events in the file");
		browse__go(browse, GOAL_END, NULL);
		return;
	}
	browse->goal_place = (struct rows_place){
		.input = (uint32_t)browse->crash,
		.chunk = (uint32_t)last.places[0].chunk,
		.position = last.places[0].row,
	};
	rows__set_key(browse->rows, &browse->goal_place,
		      ttlog_snapshot_chunk(reader)->mono_ns[browse->goal_place.position]);
	browse__go(browse, GOAL_PLACE, NULL);
}

/* The next or the previous of goal_rows: of hits, of errors. */
static void go_to_other(struct browse *browse)
{
	const bool is_next = (browse->goal == GOAL_NEXT) != browse->is_reversed;
	struct rows *rows = browse->goal_rows;
	struct ttlog_event event;
	bool is_exact;
	uint64_t row;

	if (!(browse->has_here ? rows__has_passed(rows, &browse->here) : rows__is_done(rows)))
		return;
	row = rows__find(rows, &browse->here, &is_exact);
	row = is_next ? row + is_exact : row - 1;
	if (row >= rows__cnt(rows)) {
		if (is_next && !rows__is_done(rows))
			return;
		browse__say(browse, "no %s further %s", rows == browse->hits ? "match" : "error",
			    browse->goal == GOAL_NEXT ? "down" : "up");
		browse->goal = GOAL_NONE;
		return;
	}
	browse->goal = GOAL_NONE;
	if (!rows__event(rows, row, &event, &browse->goal_place))
		browse->goal = GOAL_PLACE;
}

/* What is in sight stays where it is; what comes into sight does so with what was before and after
 * it. */
static void go_to_goal(struct browse *browse)
{
	const uint64_t top = browse->top, height = (uint64_t)browse__table_height(browse);
	uint64_t above = browse->goal_above;

	browse__go_to_place(browse, &browse->goal_place);
	if (above == UINT64_MAX && browse->cursor >= top && browse->cursor - top < height)
		above = browse->cursor - top;
	else if (above == UINT64_MAX)
		above = height / 2;
	browse->top = browse->cursor > above ? browse->cursor - above : 0;
}

void browse__pursue(struct browse *browse)
{
	struct rows *rows = browse->rows;
	uint64_t cnt = rows__cnt(rows);

	if (browse->next)
		return; /* first what was chosen */
	if (browse->goal >= GOAL_NEXT && browse->is_sorted)
		browse__go_to_found(browse);
	else if (browse->goal >= GOAL_NEXT)
		go_to_other(browse);
	if (browse->goal == GOAL_CRASH)
		go_to_crash(browse);
	if (browse->goal == GOAL_PLACE && rows__has_passed(rows, &browse->goal_place)) {
		go_to_goal(browse);
		browse->goal = GOAL_NONE;
	}
	if ((browse->goal == GOAL_END || (browse->is_following && !browse->is_paused)) && cnt) {
		browse->cursor = browse->is_sorted ? browse->order.cnt - 1
						   : browse__line(browse, cnt - 1);
		if (browse->goal == GOAL_END && rows__is_done(rows))
			browse->goal = GOAL_NONE;
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Which lines of a sorted view are errors and which are matches: n and e go by line there. The rows
 * are gone over once more, and only those that are sorted are looked at, so it takes some bytes a
 * line and no more.
 */
#include <errno.h>
#include <stdlib.h>

#include "browse.h"

enum found_flag {
	FOUND_ERROR = 1,
	FOUND_HIT = 2,
};

static int by_row(const void *a, const void *b, void *top)
{
	const struct top_k_entry *entries = ((const struct top_k *)top)->entries;
	uint64_t x = entries[*(const uint32_t *)a].row, y = entries[*(const uint32_t *)b].row;

	return (x > y) - (x < y);
}

static void watch(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct browse *browse = context;
	struct found *found = &browse->found;
	const struct top_k *top = &browse->order;

	for (; found->at < top->cnt; found->at++) {
		uint32_t line = found->lines[found->at];
		uint64_t i = top->entries[line].row - row;
		struct ttlog_event event;

		if (i >= run->cnt)
			return;
		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, (uint32_t)i), &event);
		if (event.site->level >= TTLOG_LEVEL_ERROR)
			found->flags[line] |= FOUND_ERROR;
		if (*browse->search && ttlog_filter_matches(browse->hit, &event))
			found->flags[line] |= FOUND_HIT;
	}
}

static int begin(struct browse *browse)
{
	struct found *found = &browse->found;
	const size_t cnt = browse->order.cnt;

	found->lines = reallocarray(NULL, cnt + 1, sizeof(*found->lines));
	found->flags = calloc(cnt + 1, sizeof(*found->flags));
	if (!found->lines || !found->flags)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		found->lines[i] = (uint32_t)i;
	qsort_r(found->lines, cnt, sizeof(*found->lines), by_row, &browse->order);
	found->rows = browse__make_rows(browse, &browse->choice, NULL, NULL);
	if (!found->rows)
		return -errno;
	rows__watch(found->rows, watch, browse);
	return 0;
}

void browse__end_found(struct browse *browse)
{
	struct found *found = &browse->found;

	rows__free(found->rows);
	free(found->lines);
	free(found->flags);
	*found = (struct found){ .rows = NULL };
}

bool browse__is_finding(const struct browse *browse)
{
	return browse->found.rows && browse->found.at < browse->order.cnt &&
	       !rows__is_done(browse->found.rows);
}

void browse__go_to_found(struct browse *browse)
{
	const bool is_next = browse->goal == GOAL_NEXT, is_hit = browse->goal_rows == browse->hits;
	const uint8_t flag = is_hit ? FOUND_HIT : FOUND_ERROR;
	uint64_t line = browse->cursor;

	if (!browse->found.rows) {
		browse->err = begin(browse);
		return;
	}
	if (browse__is_finding(browse))
		return;
	browse->goal = GOAL_NONE;
	/* Before the first line comes one beyond the last. */
	for (line += is_next ? 1 : -1ull; line < browse->order.cnt; line += is_next ? 1 : -1ull) {
		if (!(browse->found.flags[line] & flag))
			continue;
		browse->cursor = line;
		return;
	}
	browse__say(browse, "no %s further %s", is_hit ? "match" : "error",
		    is_next ? "down" : "up");
}

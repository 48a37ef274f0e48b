/* SPDX-License-Identifier: MIT */
/* Bookmarks. */
#include "browse.h"

void browse__toggle_mark(struct browse *browse)
{
	if (!browse->has_here)
		return;
	for (size_t i = 0; i < browse->mark_cnt; i++) {
		if (rows_place__compare(&browse->marks[i], &browse->here))
			continue;
		browse->marks[i] = browse->marks[--browse->mark_cnt];
		browse__say(browse, "bookmark gone");
		return;
	}
	if (browse->mark_cnt == BROWSE_MARKS_MAX) {
		browse__say(browse, "no more than %u bookmarks", BROWSE_MARKS_MAX);
		return;
	}
	browse->marks[browse->mark_cnt++] = browse->here;
	browse__say(browse, "bookmark set: B goes to the next one");
}

/* The first one behind that place, or of all (NULL). */
static const struct rows_place *mark_behind(const struct browse *browse,
					    const struct rows_place *place)
{
	const struct rows_place *first = NULL;

	for (size_t i = 0; i < browse->mark_cnt; i++) {
		const struct rows_place *mark = &browse->marks[i];

		if ((!place || rows_place__compare(mark, place) > 0) &&
		    (!first || rows_place__compare(mark, first) < 0))
			first = mark;
	}
	return first;
}

/* As far as is known. */
static bool is_shown(const struct browse *browse, const struct rows_place *place)
{
	bool is_exact;

	if (!rows__has_passed(browse->rows, place))
		return true;
	(void)rows__find(browse->rows, place, &is_exact);
	return is_exact;
}

/* The next one that is shown; behind the last comes the first. */
void browse__next_mark(struct browse *browse)
{
	const struct rows_place *mark = &browse->here;

	for (size_t i = 0; i < browse->mark_cnt; i++) {
		const struct rows_place *next = mark_behind(browse, mark);

		mark = next ? next : mark_behind(browse, NULL);
		if (!is_shown(browse, mark))
			continue;
		browse__go(browse, GOAL_PLACE, NULL);
		browse->goal_place = *mark;
		return;
	}
	browse__say(browse, browse->mark_cnt ? "no bookmark is at what is shown"
					     : "no bookmarks: b sets one");
}

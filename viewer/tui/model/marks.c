/* SPDX-License-Identifier: MIT */
#include "marks.h"
#include "message.h"

/* marks->cnt if it is not there. */
static size_t find(const struct marks *marks, const struct rows_place *place)
{
	size_t i = 0;

	while (i < marks->cnt && rows_place__compare(&marks->places[i], place))
		i++;
	return i;
}

bool marks__has(const struct marks *marks, const struct rows_place *place)
{
	return find(marks, place) < marks->cnt;
}

void marks__toggle(struct marks *marks, const struct rows_place *place)
{
	size_t at = find(marks, place);

	if (at < marks->cnt) {
		marks->places[at] = marks->places[--marks->cnt];
		message__set(marks->message, "bookmark gone");
	} else if (marks->cnt == MARKS_MAX) {
		message__set(marks->message, "no more than %u bookmarks", MARKS_MAX);
	} else {
		marks->places[marks->cnt++] = *place;
		message__set(marks->message, "bookmark set: B goes to the next one");
	}
}

/* The first mark after that place; NULL: of all marks. */
static const struct rows_place *first_after(const struct marks *marks,
					    const struct rows_place *place)
{
	const struct rows_place *first = NULL;

	for (size_t i = 0; i < marks->cnt; i++) {
		const struct rows_place *mark = &marks->places[i];

		if ((!place || rows_place__compare(mark, place) > 0) &&
		    (!first || rows_place__compare(mark, first) < 0))
			first = mark;
	}
	return first;
}

/* As far as is known yet. */
static bool is_shown(struct rows *rows, const struct rows_place *place)
{
	bool is_exact;

	if (!rows__has_passed(rows, place))
		return true;
	(void)rows__find(rows, place, &is_exact);
	return is_exact;
}

const struct rows_place *marks__next(const struct marks *marks, const struct rows_place *place,
				     struct rows *rows)
{
	for (size_t i = 0; i < marks->cnt; i++) {
		const struct rows_place *next = first_after(marks, place);

		place = next ? next : first_after(marks, NULL);
		if (is_shown(rows, place))
			return place;
	}
	message__set(marks->message,
		     marks->cnt ? "no bookmark is at what is shown" : "no bookmarks: b sets one");
	return NULL;
}

void marks__drop(struct marks *marks, const struct sources *sources)
{
	size_t cnt = 0;

	for (size_t i = 0; i < marks->cnt; i++) {
		if (!sources__is_gone(sources, marks->places[i].part))
			marks->places[cnt++] = marks->places[i];
	}
	marks->cnt = cnt;
}

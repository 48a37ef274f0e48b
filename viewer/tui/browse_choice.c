/* SPDX-License-Identifier: MIT */
/* What is shown: filters, searches, and the rows of the events that they let pass. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ttlog/read.h>
#include "browse.h"

/* Keeps what is wrong with an expression, and at which of its characters, from the message that has
 * both and the place under a copy of the expression. */
static void keep_why(struct browse *browse, const char *message)
{
	static const char AT[] = ", at character ";
	size_t len = strcspn(message, "\n");
	const char *found = NULL;

	snprintf(browse->why, sizeof(browse->why), "%.*s", (int)len, message);
	for (const char *p = browse->why; (p = strstr(p, AT)); p++)
		found = p;
	browse->why_at = found ? strtoul(found + sizeof(AT) - 1, NULL, 10) - 1 : 0;
}

struct ttlog_filter *browse__make_filter(struct browse *browse, const struct browse_choice *choice,
					 const char *expr, const char *search)
{
	const struct options *options = browse->options;
	struct ttlog_filter *filter = ttlog_filter_new();
	char why[BROWSE_WHY_BYTES], level[32];
	int err = filter ? 0 : -ENOMEM;

	*why = '\0';
	snprintf(level, sizeof(level), "level>=%s", ttlog_level_name(choice->level));
	for (size_t i = 0; !err && i < choice->search_cnt; i++)
		err = ttlog_filter_search(filter, options->searches[i], why, sizeof(why));
	if (!err && *choice->expr)
		err = ttlog_filter_add(filter, choice->expr, why, sizeof(why));
	if (!err && choice->level)
		err = ttlog_filter_add(filter, level, why, sizeof(why));
	if (!err && expr)
		err = ttlog_filter_add(filter, expr, why, sizeof(why));
	if (!err && search)
		err = ttlog_filter_search(filter, search, why, sizeof(why));
	if (!err)
		return filter;
	if (err == -EINVAL)
		keep_why(browse, why);
	ttlog_filter_free(filter);
	errno = -err;
	return NULL;
}

struct rows *browse__make_rows(struct browse *browse, const struct browse_choice *choice,
			       const char *expr, const char *search)
{
	struct ttlog_filter *filter = browse__make_filter(browse, choice, expr, search);

	if (!filter)
		return NULL;
	/* Rare, and only in the moments before the files are known to their ends. */
	while (ttlog_filter_needs_last(filter) && sources__scan(&browse->sources, UINT64_MAX))
		;
	return rows__new(&browse->sources, filter, &browse->range);
}

static void drop(struct browse *browse, struct rows **rows)
{
	if (browse->goal_rows == *rows && browse->goal >= GOAL_NEXT)
		browse->goal = GOAL_NONE;
	rows__free(*rows);
	*rows = NULL;
}

int browse__choose(struct browse *browse, const struct browse_choice *choice)
{
	struct rows *next = browse__make_rows(browse, choice, NULL, NULL);

	if (!next)
		return -errno;
	if (!browse->is_ready) {
		rows__free(next);
	} else {
		drop(browse, &browse->next);
		drop(browse, &browse->errors);
		browse->next = next;
	}
	browse->choice = *choice;
	browse->why[0] = '\0';
	if (browse->sort != SORT_TIME && browse__sort(browse))
		return -ENOMEM;
	if (browse__page_counts(browse))
		browse__open_page(browse, browse->page);
	return browse__search(browse, browse->search);
}

int browse__search(struct browse *browse, const char *regex)
{
	struct ttlog_filter *hit = ttlog_filter_new();
	struct rows *hits = NULL;
	char why[BROWSE_WHY_BYTES];
	int err = hit ? 0 : -ENOMEM;

	if (!err && *regex)
		err = ttlog_filter_search(hit, regex, why, sizeof(why));
	if (!err && *regex && browse->is_ready) {
		hits = browse__make_rows(browse, &browse->choice, NULL, regex);
		err = hits ? 0 : -errno;
	}
	if (err) {
		if (err == -EINVAL)
			keep_why(browse, why);
		ttlog_filter_free(hit);
		return err;
	}
	browse__end_found(browse);
	ttlog_filter_free(browse->hit);
	browse->hit = hit;
	browse__forget_lines(browse);
	drop(browse, &browse->hits);
	browse->hits = hits;
	if (regex != browse->search)
		snprintf(browse->search, sizeof(browse->search), "%s", regex);
	browse->why[0] = '\0';
	return 0;
}

int browse__survey(struct browse *browse, rows_watch *watch)
{
	struct rows *survey = browse__make_rows(browse, &browse->choice, NULL, NULL);

	if (!survey)
		return -errno;
	rows__watch(survey, watch, browse);
	drop(browse, &browse->survey);
	browse->survey = survey;
	browse->is_surveyed = false;
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "events.h"
#include "order.h"
#include "search.h"

int search__begin(struct search *search, const char *regex)
{
	struct ttlog_filter *filter = ttlog_filter_new();
	struct rows *matches = NULL;
	char why[TTLOG_WHY_BYTES];
	int err = filter ? 0 : -ENOMEM;

	if (!err && *regex)
		err = ttlog_filter_search(filter, regex, why, sizeof(why));
	if (err == -EINVAL)
		mistake__set(&search->events->mistake, why);
	if (!err && *regex && search->events->rows) {
		matches = events__make_rows(search->events, NULL, regex);
		err = matches ? 0 : -errno;
	}
	if (err) {
		ttlog_filter_free(filter);
		return err;
	}
	search__end_flags(search);
	ttlog_filter_free(search->filter);
	search->filter = filter;
	rows__free(search->matches);
	search->matches = matches;
	if (regex != search->regex)
		snprintf(search->regex, sizeof(search->regex), "%s", regex);
	search->events->mistake.why[0] = '\0';
	return 0;
}

int search__begin_errors(struct search *search)
{
	if (!search->errors)
		search->errors = events__make_rows(search->events, "level>=ERROR", NULL);
	return search->errors ? 0 : -errno;
}

void search__end_errors(struct search *search)
{
	rows__free(search->errors);
	search->errors = NULL;
}

bool search__is_match(const struct search *search, const struct ttlog_event *event)
{
	return *search->regex && ttlog_filter_matches(search->filter, event);
}

int search__work(struct search *search, uint64_t until_ns)
{
	int more = 0;

	if (search__is_flagging(search))
		more = rows__work(search->flagger, until_ns);
	if (!more && search->matches)
		more = rows__work(search->matches, until_ns);
	if (!more && search->errors)
		more = rows__work(search->errors, until_ns);
	return more;
}

/* ---- The lines of a sorted table ---- */

static int by_row(const void *a, const void *b, void *sorted)
{
	const struct top_k_entry *entries = ((const struct top_k *)sorted)->entries;
	uint64_t x = entries[*(const uint32_t *)a].row, y = entries[*(const uint32_t *)b].row;

	return (x > y) - (x < y);
}

static void watch(void *context, uint64_t row, const struct ttlog_run *run)
{
	struct search *search = context;
	const struct top_k *sorted = &search->order->sorted;

	for (; search->at < sorted->cnt; search->at++) {
		uint32_t line = search->lines[search->at];
		uint64_t i = sorted->entries[line].row - row;
		struct ttlog_event event;

		if (i >= run->cnt)
			return;
		ttlog_snapshot_event(run->snapshot, ttlog_run_at(run, (uint32_t)i), &event);
		if (event.site->level >= TTLOG_LEVEL_ERROR)
			search->flags[line] |= SEARCH_ERROR;
		if (search__is_match(search, &event))
			search->flags[line] |= SEARCH_MATCH;
	}
}

int search__begin_flags(struct search *search)
{
	const struct top_k *sorted = &search->order->sorted;
	const size_t cnt = sorted->cnt;

	search->lines = reallocarray(NULL, cnt + 1, sizeof(*search->lines));
	search->flags = calloc(cnt + 1, sizeof(*search->flags));
	if (!search->lines || !search->flags)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++)
		search->lines[i] = (uint32_t)i;
	qsort_r(search->lines, cnt, sizeof(*search->lines), by_row, (void *)sorted);
	search->flagger = events__make_rows(search->events, NULL, NULL);
	if (!search->flagger)
		return -errno;
	rows__watch(search->flagger, watch, search);
	return 0;
}

bool search__is_flagging(const struct search *search)
{
	return search->flagger && search->at < search->order->sorted.cnt &&
	       !rows__is_done(search->flagger);
}

uint64_t search__find_line(const struct search *search, uint64_t line, enum search_for what,
			   bool is_next)
{
	const uint64_t step = is_next ? 1 : -1ull, cnt = search->order->sorted.cnt;

	/* 0 - 1 is above cnt, too. */
	for (line += step; line < cnt; line += step) {
		if (search->flags[line] & what)
			return line;
	}
	return cnt;
}

void search__end_flags(struct search *search)
{
	rows__free(search->flagger);
	free(search->lines);
	free(search->flags);
	search->flagger = NULL;
	search->lines = NULL;
	search->flags = NULL;
	search->at = 0;
}

void search__fini(struct search *search)
{
	search__end_flags(search);
	rows__free(search->matches);
	rows__free(search->errors);
	ttlog_filter_free(search->filter);
}

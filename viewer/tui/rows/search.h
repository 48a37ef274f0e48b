/* SPDX-License-Identifier: MIT */
/*
 * What the keys n and e go to: events that match a regular expression, and errors. By time, these
 * are two `rows`. If the table is sorted, all its rows are read once more, and each line gets
 * flags.
 */
#ifndef TTLOG_VIEW_SEARCH_H
#define TTLOG_VIEW_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line_edit.h"

struct events;
struct order;
struct rows;
struct ttlog_event;
struct ttlog_filter;

enum search_for {
	SEARCH_ERROR = 1,
	SEARCH_MATCH = 2,
};

struct search {
	struct events *events;
	const struct order *order;
	char regex[LINE_EDIT_BYTES]; /* "": none */
	struct ttlog_filter *filter; /* of the regex */
	struct rows *matches;        /* NULL: nothing is searched */
	struct rows *errors;         /* NULL: not asked for yet */

	struct rows *flagger; /* reads the sorted rows; NULL: no flags were asked for yet */
	uint32_t *lines;      /* in the order of their rows; those before `at` are done */
	size_t at;
	uint8_t *flags; /* of each line: enum search_for */
};

/* Searches for something else, or for the same in other events. Returns 0 or -errno: -EINVAL sets
 * the mistake in `events` and changes nothing else. */
int search__begin(struct search *search, const char *regex);
/* Returns 0 or -errno. */
int search__begin_errors(struct search *search);
void search__end_errors(struct search *search);
bool search__is_match(const struct search *search, const struct ttlog_event *event);
/* Searches until then (CLOCK_MONOTONIC). Returns 1 if there is more to do, 0, or -ENOMEM. */
int search__work(struct search *search, uint64_t until_ns);

/* If the table is sorted. Returns 0 or -errno. */
int search__begin_flags(struct search *search);
bool search__is_flagging(const struct search *search);
/* The next such line after this one, or the previous one; order__line_cnt if there is none. */
uint64_t search__find_line(const struct search *search, uint64_t line, enum search_for what,
			   bool is_next);
void search__end_flags(struct search *search);
void search__fini(struct search *search);

#endif /* TTLOG_VIEW_SEARCH_H */

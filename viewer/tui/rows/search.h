/* SPDX-License-Identifier: MIT */
/*
 * What n and e go to: the events that match a regular expression, and the errors. By time each of the
 * two is rows of its own. Where the table is sorted its rows are gone over once more, and each of its
 * lines gets flags: some bytes a line.
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
	struct ttlog_filter *filter; /* the same */
	struct rows *matches;        /* NULL: none are searched */
	struct rows *errors;         /* NULL: nobody has asked for them */

	struct rows *flagger; /* goes over the sorted rows; NULL: nobody has asked for the flags */
	uint32_t *lines;      /* in the order of their rows; those before `at` were looked at */
	size_t at;
	uint8_t *flags; /* of each line: enum search_for */
};

/* Searches for something else, or the same among other events. 0 or -errno: -EINVAL with the mistake in
 * `events`, and nothing has changed. */
int search__begin(struct search *search, const char *regex);
/* 0 or -errno. */
int search__begin_errors(struct search *search);
void search__end_errors(struct search *search);
bool search__is_match(const struct search *search, const struct ttlog_event *event);
/* Returns 1 while there is more to go over, 0, or -ENOMEM. */
int search__work(struct search *search, uint64_t until_ns);

/* Where the table is sorted. 0 or -errno. */
int search__begin_flags(struct search *search);
bool search__is_flagging(const struct search *search);
/* The next such line after this one, or the last before it; order__line_cnt where there is none. */
uint64_t search__find_line(const struct search *search, uint64_t line, enum search_for what,
			   bool is_next);
void search__end_flags(struct search *search);
void search__fini(struct search *search);

#endif /* TTLOG_VIEW_SEARCH_H */

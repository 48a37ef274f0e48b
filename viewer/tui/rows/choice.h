/* SPDX-License-Identifier: MIT */
/* Which events are shown: those that pass an expression, a level and searches of the command
 * line. */
#ifndef TTLOG_VIEW_CHOICE_H
#define TTLOG_VIEW_CHOICE_H

#include <ttlog/read.h>
#include "line_edit.h"

struct options;

struct choice {
	char expr[LINE_EDIT_BYTES]; /* "": none */
	uint8_t level;              /* the lowest that is shown */
	size_t search_cnt;          /* the first --search of the command line hold */
};

/* What is wrong with an expression. */
struct mistake {
	char why[TTLOG_WHY_BYTES]; /* "": nothing */
	size_t at;                 /* of its character */
};

/* Takes the message of ttlog_filter_add(): the reason, the place, and a copy of the expression. */
void mistake__set(struct mistake *ret, const char *message);

/* What the command line chooses. Several --filter become one expression, which can be edited.
 * -EINVAL: it is too long. */
int choice__init(struct choice *ret, const struct options *options);
bool choice__is_equal(const struct choice *a, const struct choice *b);
/* A filter: the choice, and also `expr` and `search`, unless they are NULL. Returns NULL with
 * errno; EINVAL: ret_mistake says why. */
struct ttlog_filter *choice__filter(const struct choice *choice, const struct options *options,
				    const char *expr, const char *search,
				    struct mistake *ret_mistake);

#endif /* TTLOG_VIEW_CHOICE_H */

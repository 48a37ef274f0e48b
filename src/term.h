/* SPDX-License-Identifier: MIT */
/*
 * One term of a filter, KEY OP VALUE or a search, and how it looks at one value. Which value it is
 * asked about is the filter's affair.
 */
#ifndef TTLOG_TERM_H
#define TTLOG_TERM_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "field.h"
#include "number.h"

enum term_op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_MATCH,
	OP_NO_MATCH,
};

enum term_subject {
	SUBJECT_FIELD,
	SUBJECT_LEVEL,
	SUBJECT_TARGET,
	SUBJECT_PROBE,
	SUBJECT_MSG,
	SUBJECT_FILE,
	SUBJECT_FUNC,
	SUBJECT_PID,
	SUBJECT_TID,
	SUBJECT_COMM,
	SUBJECT_SEARCH, /* the message and all fields */
};

struct term {
	enum term_subject subject;
	enum term_op op;
	char *source; /* the expression; key and value lie in it */
	struct text key, value;
	unsigned level;
	bool is_number, has_regex;
	struct number number;
	regex_t regex;
};

/* As filter__add and filter__search. */
int term__init(struct term *term, const char *expression, char *ret_why, size_t why_size);
int term__init_search(struct term *term, const char *regex, char *ret_why, size_t why_size);
void term__fini(struct term *term);

/* Whether this order of the value to the term's, less than 0, 0 or more, is what it asks for. */
bool term__order(const struct term *term, int order);
bool term__text(const struct term *term, struct text text);
bool term__number(const struct term *term, uint64_t v);
bool term__field(const struct term *term, const struct event_field *field);
/* A search: a text's contents or KEY=VALUE. */
bool term__search(const struct term *term, struct text text);
bool term__search_field(const struct term *term, struct text key, const struct event_field *field);

/* Whether it compares numbers as such, not as text. */
static inline bool term__is_numeric(const struct term *term)
{
	return term->is_number && term->op != OP_MATCH && term->op != OP_NO_MATCH;
}

#endif /* TTLOG_TERM_H */

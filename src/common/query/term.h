/* SPDX-License-Identifier: MIT */
/*
 * One term of an expression, KEY OP VALUE or has(KEY), and how it looks at one value. Which value
 * it is asked about is the caller's affair.
 */
#ifndef TTLOG_TERM_H
#define TTLOG_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event_key.h"
#include "expr_error.h"
#include "field.h"
#include "number.h"
#include "pattern.h"
#include "time_expr.h"

/* term.c's table of texts follows. */
enum term_op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_MATCH,
	OP_NO_MATCH,
	OP_HAS,
};

/* The words of a term as the parser found them, and where, in bytes of the expression. */
struct term_words {
	enum term_op op;
	struct ttlog_text key, value;
	size_t key_at, key_len, op_at, op_len, value_at, value_len;
	struct pattern_budget *budget; /* the expression's */
};

struct term {
	enum event_key subject;
	enum term_op op;
	char *words;                  /* what key and value lie in, each zero-terminated */
	struct ttlog_text key, value; /* the key without "fields." */
	unsigned level;
	bool is_number, is_duration, has_pattern;
	bool orders_text;     /* < and the like with a value that is no number */
	struct number number; /* a duration: in the key's unit */
	struct pattern pattern;
	struct time_expr time;
	uint64_t time_ns; /* since 1970 */
};

/* Copies the words. Returns 0, -EINVAL or -ENOMEM. */
int term__init(struct term *term, const struct term_words *words, struct expr_error *ret);
void term__fini(struct term *term);

/* The operator that p begins with, and its length; 0 where there is none. */
size_t term__parse_op(const char *p, enum term_op *ret);
const char *term__op_text(enum term_op op);

/*
 * Whether it holds for a value of its subject: a field's as it is; a level, a pid, a tid, a line and
 * a ts (ns since 1970) in `u`; the others in `text`.
 */
bool term__holds(const struct term *term, const struct ttlog_field *field);

/* Moments that are relative to the last event need to know when that was. */
static inline bool term__needs_last(const struct term *term)
{
	return term->subject == EVENT_KEY_TS && term->op != OP_HAS &&
	       term->time.kind != TIME_EXPR_ABSOLUTE;
}
void term__set_last(struct term *term, uint64_t last_ns);

/* The parts of term__holds, for those who look at many values. */
bool term__field(const struct term *term, const struct ttlog_field *field);
/* Whether this order of the value to the term's, less than 0, 0 or more, is what it asks for. */
bool term__order(const struct term *term, int order);

/* Whether it compares numbers as such, not as text. */
static inline bool term__is_numeric(const struct term *term)
{
	return term->is_number && term->op <= OP_GE;
}

/* Whether its key is another name of a span's duration_ns, as the text output has it, too. */
static inline bool term__means_duration(const struct term *term)
{
	return ttlog_text_is(term->key, "duration") || ttlog_text_is(term->key, "took");
}

#endif /* TTLOG_TERM_H */

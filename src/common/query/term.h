/* SPDX-License-Identifier: MIT */
/*
 * One term of an expression, KEY OP VALUE or has(KEY), and its result for one value. The caller
 * chooses the value.
 */
#ifndef TTLOG_TERM_H
#define TTLOG_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/read.h"

#include "event_key.h"
#include "expr_error.h"
#include "number.h"
#include "pattern.h"
#include "time_expr.h"

/* The table of texts in term.c follows this. */
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

/* The words of a term from the parser, and their places, in bytes of the expression. */
struct term_words {
	enum term_op op;
	struct ttlog_text key, value;
	size_t key_at, key_len, op_at, op_len, value_at, value_len;
	struct pattern_budget *budget; /* of the expression */
};

struct term {
	enum event_key subject;
	enum term_op op;
	char *words;                  /* holds key and value, each zero-terminated */
	struct ttlog_text key, value; /* the key without "fields." */
	unsigned level;
	bool is_number, is_duration;
	bool orders_text;     /* < and the like, with a value that is not a number */
	struct number number; /* a duration is in the key's unit */
	struct pattern pattern;
	struct time_expr time;
	uint64_t time_ns; /* since 1970 */
};

/* Copies the words. Returns 0, -EINVAL or -ENOMEM. */
int term__init(struct term *term, const struct term_words *words, struct expr_error *ret);
void term__fini(struct term *term);

/* The operator at p; returns its length, 0: there is none. */
size_t term__parse_op(const char *p, enum term_op *ret);
const char *term__op_text(enum term_op op);

/*
 * Whether it is true for a value of its subject: a field's value unchanged; a level, pid, tid, line
 * and ts (ns since 1970) in `u`; all others in `text`.
 */
bool term__holds(const struct term *term, const struct ttlog_field *field);

/* Whether it has a time relative to the last event, and so needs the time of that. */
static inline bool term__needs_last(const struct term *term)
{
	return term->subject == EVENT_KEY_TS && term->op != OP_HAS &&
	       term->time.kind != TIME_EXPR_ABSOLUTE;
}
void term__set_last(struct term *term, uint64_t last_ns);

/* The parts of term__holds(), for loops over many values. */
bool term__field(const struct term *term, const struct ttlog_field *field);
/* Whether the term is true for a value that compares to its own so: less than 0, 0, or more. */
bool term__order(const struct term *term, int order);

/* Whether it compares numbers, not text. */
static inline bool term__is_numeric(const struct term *term)
{
	return term->is_number && term->op <= OP_GE;
}

/* Whether its key is another name for a span's duration_ns, as in the text output. */
static inline bool term__means_duration(const struct term *term)
{
	return ttlog_text_is(term->key, "duration") || ttlog_text_is(term->key, "took");
}

#endif /* TTLOG_TERM_H */

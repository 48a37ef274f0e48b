/* SPDX-License-Identifier: MIT */
/*
 * The filter language: terms (term.h) with and, or, not and parentheses.
 *
 *   expression = conjunction { ("or" | "||") conjunction }
 *   conjunction = factor { ("and" | "&&") factor }
 *   factor = ("not" | "!") factor | "(" expression ")" | "has(" KEY ")" | KEY OP VALUE
 *
 * A KEY is a word, or in quotes. A VALUE in quotes ends with the quote; \" is a quote in it, and
 * all other backslashes belong to the pattern. Without quotes, a VALUE may contain blanks and
 * matching parentheses, so that msg~time(d )?out and msg=Request timed out work. It ends before the
 * word `and` or `or`, before && and ||, before a parenthesis that closes one of the expression, and
 * at the end. If it contains text that looks like another term, that is an error.
 *
 * There are two truth values: a term about a missing field is false, and its `not` is true.
 *
 * This knows no files, events or processes: the caller gives the values, and may say that one is
 * not known yet. Memory and recursion are bounded by the limits below.
 */
#ifndef TTLOG_EXPR_H
#define TTLOG_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "expr_error.h"
#include "term.h"

#define EXPR_MAX_BYTES 16384u
#define EXPR_MAX_DEPTH 32u /* of nested parentheses and nots */
#define EXPR_NONE      UINT32_MAX

/* The names in expr_explain.c follow this. */
enum expr_kind {
	EXPR_TERM,
	EXPR_NOT,
	EXPR_AND, /* two children or more, none of them an AND */
	EXPR_OR,
};

struct expr_node {
	enum expr_kind kind;
	uint32_t child; /* the first; EXPR_TERM: of expr.terms */
	uint32_t next;  /* sibling, or EXPR_NONE */
};

/* Other files only read it. */
struct expr {
	struct expr_node *nodes;
	struct term *terms;
	uint32_t node_cnt, term_cnt, root;
	struct pattern_budget patterns;
};

enum expr_truth {
	EXPR_NO,
	EXPR_YES,
	EXPR_OPEN, /* it depends on a value that is not known yet */
};

enum expr_found {
	EXPR_ABSENT,
	EXPR_FOUND,
	EXPR_UNKNOWN,
};

struct expr_host {
	/*
	 * A value of the term's subject, for term__holds(). There may be several: *at is first 0,
	 * then what the host has set. The term is true if it is true for one of them.
	 */
	enum expr_found (*look_up)(void *context, const struct term *term, unsigned *at,
				   struct ttlog_field *ret);
	void *context;
};

/* NULL with errno; EINVAL: ret has the error. */
struct expr *expr__parse(const char *source, struct expr_error *ret);
void expr__free(struct expr *expr);

/* The truth of the expression from that node on; expr->root: all of it. */
enum expr_truth expr__truth(const struct expr *expr, uint32_t node, const struct expr_host *host);
/* The keys that it uses, as bits 1 << enum event_key. */
unsigned expr__subjects(const struct expr *expr, uint32_t node);

/* Whether it has a time relative to the last event; until that is set, it is relative to 1970. */
bool expr__needs_last(const struct expr *expr);
void expr__set_last(struct expr *expr, uint64_t last_ns);

/* The expression in one standard form, with all quotes and parentheses: so one at a limit may be
 * too long or too deep to be parsed again. The caller frees it. NULL with errno. */
char *expr__text(const struct expr *expr);
/* The same as a tree, one line per node, which explains each comparison. */
char *expr__explain(const struct expr *expr);

#endif /* TTLOG_EXPR_H */

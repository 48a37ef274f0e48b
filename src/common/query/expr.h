/* SPDX-License-Identifier: MIT */
/*
 * The language of filters: terms (term.h) with and, or, not and parentheses.
 *
 *   expression = conjunction { ("or" | "||") conjunction }
 *   conjunction = factor { ("and" | "&&") factor }
 *   factor = ("not" | "!") factor | "(" expression ")" | "has(" KEY ")" | KEY OP VALUE
 *
 * A KEY is a word, or in quotes. A VALUE in quotes ends with them; \" is a quote there, and every
 * other backslash is the pattern's. Without quotes it may have blanks and parentheses that match,
 * so that msg~time(d )?out and msg=Request timed out mean what they say: it ends before the
 * word `and` or `or`, before && and ||, a parenthesis that closes the expression's, and at the end.
 * What looks like another term in it is a mistake, not silently a part of the text.
 *
 * Two values of truth: a term about what is not there is false, and its `not` is true.
 *
 * Knows of no file, no event and no process: who asks gives the values, and may say that one is not
 * known yet. Nothing here grows or recurses with the length of an expression beyond the limits.
 */
#ifndef TTLOG_EXPR_H
#define TTLOG_EXPR_H

#include <stddef.h>
#include <stdint.h>

#include "expr_error.h"
#include "term.h"

#define EXPR_MAX_BYTES 16384u
#define EXPR_MAX_DEPTH 32u /* of parentheses and nots in one another */
#define EXPR_NONE      UINT32_MAX

/* expr_explain.c's names follow. */
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

/* Others only read it. */
struct expr {
	struct expr_node *nodes;
	struct term *terms;
	uint32_t node_cnt, term_cnt, root;
	struct pattern_budget patterns;
};

enum expr_truth {
	EXPR_NO,
	EXPR_YES,
	EXPR_OPEN, /* it depends on what is not known yet */
};

enum expr_found {
	EXPR_ABSENT,
	EXPR_FOUND,
	EXPR_UNKNOWN,
};

struct expr_host {
	/*
	 * A value of the term's subject, for term__holds. There may be several: *at is 0 at first,
	 * and what the host made of it then. It holds for a term if it holds for one of them.
	 */
	enum expr_found (*look_up)(void *context, const struct term *term, unsigned *at,
				   struct ttlog_field *ret);
	void *context;
};

/* NULL with errno; at EINVAL ret has what is wrong. */
struct expr *expr__parse(const char *source, struct expr_error *ret);
void expr__free(struct expr *expr);

/* Of the expression from that node on; expr->root for all of it. */
enum expr_truth expr__truth(const struct expr *expr, uint32_t node, const struct expr_host *host);
/* What it asks for, as bits 1 << enum event_key. */
unsigned expr__subjects(const struct expr *expr, uint32_t node);

/* Whether a moment in it is relative to the last event; until that is set it is to 1970. */
bool expr__needs_last(const struct expr *expr);
void expr__set_last(struct expr *expr, uint64_t last_ns);

/* As an expression, in one way for all that mean the same words, with every quote and parenthesis:
 * one at a limit may be too long or too deep to be parsed again. The caller frees; NULL with
 * errno. */
char *expr__text(const struct expr *expr);
/* The same as a tree, a line a node, with what each compares and how. */
char *expr__explain(const struct expr *expr);

#endif /* TTLOG_EXPR_H */

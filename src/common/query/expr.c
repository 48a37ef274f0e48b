/* SPDX-License-Identifier: MIT */
/* Recursion here is over a tree of bounded depth: the parser limits it. */
#include <stdlib.h>

#include "expr.h"

void expr__free(struct expr *expr)
{
	if (!expr)
		return;
	for (uint32_t i = 0; i < expr->term_cnt; i++)
		term__fini(&expr->terms[i]);
	free(expr->terms);
	free(expr->nodes);
	free(expr);
}

static enum expr_truth truth_of_term(const struct term *term, const struct expr_host *host)
{
	struct ttlog_field field;
	unsigned at = 0;

	for (;;) {
		enum expr_found found = host->look_up(host->context, term, &at, &field);

		if (found != EXPR_FOUND)
			return found == EXPR_UNKNOWN ? EXPR_OPEN : EXPR_NO;
		if (term__holds(term, &field))
			return EXPR_YES;
	}
}

enum expr_truth expr__truth(const struct expr *expr, uint32_t node, const struct expr_host *host)
{
	const struct expr_node *it = &expr->nodes[node];
	enum expr_truth decisive = it->kind == EXPR_OR ? EXPR_YES : EXPR_NO, one, all;

	if (it->kind == EXPR_TERM)
		return truth_of_term(&expr->terms[it->child], host);
	if (it->kind == EXPR_NOT) {
		one = expr__truth(expr, it->child, host);
		return one == EXPR_OPEN ? EXPR_OPEN : one == EXPR_YES ? EXPR_NO : EXPR_YES;
	}
	all = decisive == EXPR_YES ? EXPR_NO : EXPR_YES;
	for (uint32_t child = it->child; child != EXPR_NONE; child = expr->nodes[child].next) {
		one = expr__truth(expr, child, host);
		if (one == decisive)
			return one;
		if (one == EXPR_OPEN)
			all = EXPR_OPEN;
	}
	return all;
}

unsigned expr__subjects(const struct expr *expr, uint32_t node)
{
	const struct expr_node *it = &expr->nodes[node];
	unsigned all = 0;

	if (it->kind == EXPR_TERM)
		return 1u << expr->terms[it->child].subject;
	for (uint32_t child = it->child; child != EXPR_NONE; child = expr->nodes[child].next)
		all |= expr__subjects(expr, child);
	return all;
}

bool expr__needs_last(const struct expr *expr)
{
	for (uint32_t i = 0; i < expr->term_cnt; i++) {
		if (term__needs_last(&expr->terms[i]))
			return true;
	}
	return false;
}

void expr__set_last(struct expr *expr, uint64_t last_ns)
{
	for (uint32_t i = 0; i < expr->term_cnt; i++) {
		if (term__needs_last(&expr->terms[i]))
			term__set_last(&expr->terms[i], last_ns);
	}
}

/* SPDX-License-Identifier: MIT */
/* Explains a filter in words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "filter_parts.h"

static void explain_exprs(FILE *to, const struct ttlog_filter *filter)
{
	for (size_t i = 0; i < filter->expr_cnt; i++) {
		char *text = expr__text(filter->exprs[i]), *tree = expr__explain(filter->exprs[i]);

		if (text && tree)
			fprintf(to, "%s\n\n%s\n", text, tree);
		free(text);
		free(tree);
	}
	if (filter->search_cnt)
		fprintf(to, "%zu of --search\n\n", filter->search_cnt);
}

static void explain_subjects(FILE *to, const struct ttlog_filter *filter, const char *what,
			     unsigned subjects)
{
	unsigned all = 0;
	const char *before = "";

	for (size_t i = 0; i < filter->conjunct_cnt; i++)
		all |= filter->conjuncts[i].subjects;
	fprintf(to, "%-24s", what);
	for (unsigned i = EVENT_KEY_LEVEL; i <= EVENT_KEY_LINE; i++) {
		if (!(all & subjects & BIT(i)))
			continue;
		fprintf(to, "%s%s", before, EVENT_KEYS[i].p);
		before = ", ";
	}
	fprintf(to, "%s\n", *before ? "" : "-");
}

static bool is_first_of_key(const struct expr *expr, uint32_t idx)
{
	for (uint32_t i = 0; i < idx; i++) {
		if (expr->terms[i].subject == EVENT_KEY_FIELD && expr->terms[i].op != OP_HAS &&
		    ttlog_text_equal(expr->terms[i].key, expr->terms[idx].key))
			return false;
	}
	return true;
}

static void explain_columns(FILE *to, const struct ttlog_filter *filter)
{
	const char *before = "";

	fprintf(to, "%-24s", "columns decoded");
	if (filter->search_cnt) {
		fputs("all of events whose message is not enough for --search\n", to);
		return;
	}
	for (size_t i = 0; i < filter->expr_cnt; i++) {
		const struct expr *expr = filter->exprs[i];

		for (uint32_t k = 0; k < expr->term_cnt; k++) {
			const struct term *term = &expr->terms[k];

			if (term->subject != EVENT_KEY_FIELD || term->op == OP_HAS ||
			    !is_first_of_key(expr, k))
				continue;
			fprintf(to, "%s%.*s", before, (int)term->key.len, term->key.p);
			before = ", ";
		}
	}
	fprintf(to, "%s\n", *before ? "" : "-");
}

char *ttlog_filter_explain(const struct ttlog_filter *filter)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	explain_exprs(to, filter);
	explain_subjects(to, filter, "looked at once a site", ~ROW_KEYS);
	explain_subjects(to, filter, "looked at once a thread", THREAD_KEYS);
	explain_subjects(to, filter, "looked at by time", BIT(EVENT_KEY_TS));
	explain_columns(to, filter);
	if (!fclose(to))
		return text;
	free(text);
	return NULL;
}

char *ttlog_filter_expression(const struct ttlog_filter *filter, size_t idx)
{
	if (idx < filter->expr_cnt)
		return expr__text(filter->exprs[idx]);
	errno = ENOENT;
	return NULL;
}

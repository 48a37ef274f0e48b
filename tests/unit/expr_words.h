/* SPDX-License-Identifier: MIT */
/* The words from which terms of an expression are built, for tests that write an expression and
 * parse it. */
#ifndef TTLOG_TESTS_EXPR_WORDS_H
#define TTLOG_TESTS_EXPR_WORDS_H

#include <stdio.h>
#include <stdlib.h>

#include "expr.h"
#include "value.h"

/* The caller frees it; aborts without memory. */
static inline char *expr_words(const struct expr *expr)
{
	char *words = NULL;
	size_t size;
	FILE *to = open_memstream(&words, &size);

	if (!to)
		abort();
	for (uint32_t i = 0; i < expr->term_cnt; i++) {
		const struct term *term = &expr->terms[i];

		fprintf(to, "%d %.*s %s ", (int)term->subject, (int)term->key.len, term->key.p,
			term__op_text(term->op));
		/* of a level, any case */
		if (term->subject == EVENT_KEY_LEVEL && term->op != OP_HAS)
			fprintf(to, "%s\n", value__level_name(term->level));
		else
			fprintf(to, "%.*s\n", (int)term->value.len, term->value.p);
	}
	if (fclose(to))
		abort();
	return words;
}

#endif /* TTLOG_TESTS_EXPR_WORDS_H */

/* SPDX-License-Identifier: MIT */
/*
 * The filter language: what parses has a text that parses to the same, an explanation, and a result
 * for values of every type.
 */
#include <errno.h>
#include <string.h>

#include "expr.h"
#include "expr_words.h"
#include "fuzz.h"

/* The length of a key decides its value. */
static enum expr_found look_up(void *context, const struct term *term, unsigned *at,
			       struct ttlog_field *ret)
{
	static const struct ttlog_field VALUES[] = {
		{ .type = TTLOG_TYPE_U64, .u = 5000 },
		{ .type = TTLOG_TYPE_I8, .i = -3 },
		{ .type = TTLOG_TYPE_F64, .d = 1.5 },
		{ .type = TTLOG_TYPE_DECIMAL, .i = 15025, .scale = 2 },
		{ .type = TTLOG_TYPE_STR, .text = { "Request timed out", 17 } },
		{ .type = TTLOG_TYPE_BYTES, .text = { "\xff\0a", 3 } },
		{ .type = TTLOG_TYPE_STR, .null = true },
		{ .type = TTLOG_TYPE_BOOL, .u = 1 },
		{ .type = TTLOG_TYPE_CHAR, .u = 'x' },
		{ .type = TTLOG_TYPE_HEX, .u = 255 },
	};

	(void)context;
	if ((*at)++)
		return EXPR_ABSENT;
	if (term->subject >= EVENT_KEY_TARGET && term->subject <= EVENT_KEY_COMM)
		*ret = VALUES[4];
	else if (term->subject != EVENT_KEY_FIELD)
		*ret = VALUES[0];
	else if (term->key.len % 12 < 10)
		*ret = VALUES[term->key.len % 12];
	else
		return term->key.len % 12 == 10 ? EXPR_UNKNOWN : EXPR_ABSENT;
	return EXPR_FOUND;
}

static enum expr_truth truth_of(struct expr *expr)
{
	const struct expr_host host = { .look_up = look_up };

	if (expr__needs_last(expr))
		expr__set_last(expr, UINT64_C(1795240800000000000));
	return expr__truth(expr, expr->root, &host);
}

/* Takes ownership of the expression: two of the largest patterns would exceed the memory limit. */
static void check_text(struct expr *expr)
{
	enum expr_truth truth = truth_of(expr);
	char *text = expr__text(expr), *words = expr_words(expr), *again = NULL, *same_words = NULL;
	struct expr_error error;
	struct expr *same;

	FUZZ_CHECK(text);
	expr__free(expr);
	same = expr__parse(text, &error);
	/* the text has more quotes and parentheses, so it may become too long or too deep */
	FUZZ_CHECK(same || strlen(text) > EXPR_MAX_BYTES || strstr(error.why, "in one another"));
	if (same) {
		again = expr__text(same);
		same_words = expr_words(same);
		FUZZ_CHECK(again && !strcmp(text, again));
		FUZZ_CHECK(!strcmp(words, same_words));
		FUZZ_CHECK(truth_of(same) == truth);
	}
	free(same_words);
	free(words);
	free(again);
	expr__free(same);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *source = malloc(size + 1), *explained, print[EXPR_ERROR_PRINT_BYTES];
	struct expr_error error = { .why = "" };
	struct expr *expr;

	FUZZ_CHECK(source);
	memcpy(source, data, size);
	source[size] = '\0';
	size = strlen(source);
	fuzz__begin();
	expr = expr__parse(source, &error);
	if (expr) {
		explained = expr__explain(expr);
		FUZZ_CHECK(explained);
		free(explained);
		check_text(expr);
	} else {
		FUZZ_CHECK(errno == EINVAL && *error.why);
		/* something missing at the end is reported after the end */
		FUZZ_CHECK(error.at <= size && error.len <= size - error.at + 1);
		expr_error__print(&error, source, print, sizeof(print));
	}
	free(source);
	fuzz__end();
	return 0;
}

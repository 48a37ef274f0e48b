/* SPDX-License-Identifier: MIT */
/*
 * A regular expression of PCRE2, compiled once, on UTF-8; an invalid byte matches nothing. A
 * pattern that needs much memory is refused. A pattern can make a search very slow: one that takes
 * too many steps is given up, and counted.
 */
#ifndef TTLOG_PATTERN_H
#define TTLOG_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ttlog/read.h"

#include "expr_error.h"

#define PATTERN_BUDGET_BYTES (256u << 10)

/* Shared by the patterns of one expression. */
struct pattern_budget {
	size_t bytes;     /* of compiled patterns; at most PATTERN_BUDGET_BYTES */
	uint64_t gave_up; /* texts that took too many steps */
};

/* Only one thread at a time may use it. */
struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	struct pattern_budget *budget;
};

/* `at` is the place of the text in the expression, for the error. The budget must outlive the
 * pattern. Returns 0, -EINVAL or -ENOMEM. */
int pattern__init(struct pattern *pattern, const char *text, size_t at,
		  struct pattern_budget *budget, struct expr_error *ret);
void pattern__fini(struct pattern *pattern);

/* Whether the text contains a match; false also if the search was given up. */
bool pattern__matches(const struct pattern *pattern, struct ttlog_text text);

#endif /* TTLOG_PATTERN_H */

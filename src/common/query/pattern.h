/* SPDX-License-Identifier: MIT */
/*
 * A regular expression as PCRE2 has it, compiled once, on UTF-8; a byte that is none matches
 * nothing. What would take much memory is refused. A search goes back over a text as often as the
 * pattern makes it: one that takes too many steps is given up, and counted.
 */
#ifndef TTLOG_PATTERN_H
#define TTLOG_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr_error.h"
#include "field.h"

#define PATTERN_BUDGET_BYTES (256u << 10)

/* What the patterns of one expression share. */
struct pattern_budget {
	size_t bytes;     /* of what they were compiled to; at most PATTERN_BUDGET_BYTES */
	uint64_t gave_up; /* texts that took too many steps */
};

/* One thread at a time may look with it. */
struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	struct pattern_budget *budget;
};

/* `at` is where the text lies in the expression, for the error; the budget must outlive the
 * pattern. Returns 0, -EINVAL or -ENOMEM. */
int pattern__init(struct pattern *pattern, const char *text, size_t at,
		  struct pattern_budget *budget, struct expr_error *ret);
void pattern__fini(struct pattern *pattern);

/* Whether it is found in the text; not where that was given up. */
bool pattern__matches(const struct pattern *pattern, struct ttlog_text text);

#endif /* TTLOG_PATTERN_H */

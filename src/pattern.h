/* SPDX-License-Identifier: MIT */
/*
 * A POSIX extended regular expression, compiled once. The C library's compiler recurses at every
 * parenthesis and copies what a {n} repeats: what would overflow the stack or fill the memory is
 * refused before it sees it.
 */
#ifndef TTLOG_PATTERN_H
#define TTLOG_PATTERN_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr_error.h"
#include "field.h"

#define PATTERN_MAX_DEPTH 32u   /* parentheses in one another */
#define PATTERN_MAX_PARTS 2000u /* with every repetition written out */

struct pattern {
	regex_t regex;
};

/*
 * What an expression's patterns have taken of what it may: the memory that one takes grows with the
 * square of its parts where they may be empty (30 MiB for x{1,2000}), so squares are added up.
 */
struct pattern_budget {
	uint64_t squares;
};

/* `at` is where the text lies in the expression, for the error. Returns 0, -EINVAL or -ENOMEM. */
int pattern__init(struct pattern *pattern, const char *text, size_t at,
		  struct pattern_budget *budget, struct expr_error *ret);
void pattern__fini(struct pattern *pattern);

/* Behind a bracket expression that begins at p, or behind p where it is none, or has no end within
 * 512 bytes. */
const char *pattern__skip_bracket(const char *p);

/* Whether it is found in the text. */
bool pattern__matches(const struct pattern *pattern, struct ttlog_text text);

#endif /* TTLOG_PATTERN_H */

/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

/* What a regular expression sees of a text: a string is cut at 4,000 bytes, bytes are searched as
 * hex, and a key comes before them. Only a hostile file has more. */
#define SUBJECT_MAX_BYTES (2 * TTLOG_STR_MAX + 512)

/* How many parts the pattern has once the repetitions are written out. */
struct cost {
	uint64_t sums[PATTERN_MAX_DEPTH + 1]; /* of each group that is open */
	uint64_t last;                        /* of what a repetition would repeat */
	unsigned depth;
};

const char *pattern__skip_bracket(const char *p)
{
	const char *end = p + 1;

	end += *end == '^';
	end += *end == ']';
	while (*end && *end != ']') {
		const char *close = NULL;

		/* [:alpha:], [.x.], [=x=]: a bracket in there is no end */
		if (*end == '[' && end[1] && strchr(":.=", end[1])) {
			const char ends[] = { end[1], ']', '\0' };

			close = strstr(end + 2, ends);
		}
		end = close ? close + 2 : end + 1;
	}
	return *end ? end + 1 : p + 1;
}

/* {n}, {n,} or {n,m} at p, or a brace that stands for itself: how often, and behind it. */
static const char *repetitions(const char *p, uint64_t *ret)
{
	uint64_t most = 0, n = 0;

	for (p++; *p && *p != '}'; p++) {
		n = isdigit((unsigned char)*p) ? n * 10 + (uint64_t)(*p - '0') : 0;
		n = n > PATTERN_MAX_PARTS ? PATTERN_MAX_PARTS + 1 : n;
		most = n > most ? n : most;
	}
	*ret = most ? most : 1;
	return *p ? p + 1 : p;
}

/* One step: false where it is too much. */
static bool add_part(struct cost *cost, const char **p)
{
	uint64_t repeat, *sum = &cost->sums[cost->depth];
	const char *next = *p + 1;

	switch (**p) {
	case '(':
		if (cost->depth == PATTERN_MAX_DEPTH)
			return false;
		cost->sums[++cost->depth] = 1;
		cost->last = 0;
		break;
	case ')':
		cost->last = cost->depth ? *sum : 1;
		cost->depth -= cost->depth > 0;
		cost->sums[cost->depth] += cost->last;
		break;
	case '{':
		next = repetitions(*p, &repeat);
		*sum += cost->last * (repeat - 1);
		cost->last *= repeat;
		break;
	case '*':
	case '+':
	case '?':
		break;
	default:
		if (**p == '[')
			next = pattern__skip_bracket(*p);
		else if (**p == '\\' && next[0])
			next++;
		cost->last = 1;
		*sum += 1;
	}
	*p = next;
	return cost->sums[cost->depth] <= PATTERN_MAX_PARTS;
}

int pattern__init(struct pattern *pattern, const char *text, size_t at,
		  struct pattern_budget *budget, struct expr_error *ret)
{
	struct cost cost = { .sums = { budget->used } };
	size_t len = strlen(text);
	char reason[128];
	int err;

	for (const char *p = text; *p;) {
		if (!add_part(&cost, &p))
			return expr_error__set(ret, at, len,
					       "the regular expression is too large: at most %u "
					       "parentheses in one another, and %u parts with "
					       "repetitions written out in all",
					       PATTERN_MAX_DEPTH, PATTERN_MAX_PARTS);
	}
	budget->used = (uint32_t)cost.sums[0];
	err = regcomp(&pattern->regex, text, REG_EXTENDED);
	if (err == REG_ESPACE)
		return -ENOMEM;
	if (!err)
		return 0;
	regerror(err, &pattern->regex, reason, sizeof(reason));
	return expr_error__set(ret, at, len, "the regular expression '%.80s' is wrong: %s", text,
			       reason);
}

void pattern__fini(struct pattern *pattern)
{
	regfree(&pattern->regex);
}

bool pattern__matches(const struct pattern *pattern, struct text text)
{
	char subject[SUBJECT_MAX_BYTES + 1];
	size_t len = text.len < SUBJECT_MAX_BYTES ? text.len : SUBJECT_MAX_BYTES;
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)len };

	/* With a zero behind it, for those who look for it before they look at REG_STARTEND (the
	 * sanitizers do), and with REG_STARTEND because there may be zeros in it. */
	if (len)
		memcpy(subject, text.p, len);
	subject[len] = '\0';
	return !regexec(&pattern->regex, subject, 1, &range, REG_STARTEND);
}

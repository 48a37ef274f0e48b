/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

/* What a regular expression sees of a text: a string is cut at 4,000 bytes, bytes are searched as
 * hex, and a key comes before them. Only a hostile file has more. */
#define SUBJECT_MAX_BYTES (2 * TTLOG_STR_MAX + 512)

#define CLASS_MAX_BYTES   32u
#define BRACKET_MAX_BYTES 512

/*
 * Of ^ $ \b \< and so on in parentheses, or repeated, with every repetition written out: where one
 * may be passed over, the compiler keeps all ways past those that follow, and (^|$|\b|){40} takes
 * 12 GiB. Alternatives without parentheses, ^a$|^b$, may be as many as one likes.
 */
#define MAX_ANCHORS       24u
#define MAX_OUTER_ANCHORS 8u /* of each alternative */

#define MAX_SQUARES ((uint64_t)PATTERN_MAX_PARTS * PATTERN_MAX_PARTS)

/* How many parts the pattern has once the repetitions are written out. */
struct cost {
	uint64_t sums[PATTERN_MAX_DEPTH + 1];       /* of each group that is open */
	uint64_t last;                              /* of what a repetition would repeat */
	uint64_t anchors;                           /* in parentheses, or repeated */
	uint64_t anchors_at[PATTERN_MAX_DEPTH + 1]; /* how many there were when a group began */
	uint64_t last_anchors, outer_anchors;
	unsigned depth;
};

/* Behind [:alpha:], [.x.] or [=x=] at p, in which a bracket is no end; or NULL. */
static const char *skip_class(const char *p)
{
	const char ends[] = { p[1], ']' };
	const char *close;

	if (!p[1] || !strchr(":.=", p[1]))
		return NULL;
	close = memmem(p + 2, strnlen(p + 2, CLASS_MAX_BYTES), ends, sizeof(ends));
	return close ? close + sizeof(ends) : NULL;
}

const char *pattern__skip_bracket(const char *p)
{
	const char *end = p + 1;

	end += *end == '^';
	end += *end == ']';
	/* Bounded, because there may be one at every byte that has no end. */
	while (*end && *end != ']' && end - p < BRACKET_MAX_BYTES) {
		const char *behind = *end == '[' ? skip_class(end) : NULL;

		end = behind ? behind : end + 1;
	}
	return *end == ']' ? end + 1 : p + 1;
}

/* {n}, {n,} or {n,m} at p: how often it is written, and behind it. A brace that stands for itself:
 * once. x{n,} is xx...xx*: one more than n. */
static const char *repetitions(const char *p, uint64_t *ret)
{
	const char *end = p + 1 + strspn(p + 1, "0123456789,");
	uint64_t most = 1, n = 0;

	*ret = 1;
	if (*end != '}')
		return p + 1;
	for (p++; p < end; p++) {
		n = *p == ',' ? 0 : n * 10 + (uint64_t)(*p - '0');
		n = n > PATTERN_MAX_PARTS ? PATTERN_MAX_PARTS + 1 : n;
		most = n > most ? n : most;
	}
	*ret = most + (end[-1] == ',');
	return end + 1;
}

/* Where nobody sees the end of a bracket, nobody knows what is behind it; where there is none, the
 * compiler goes no further than to it. */
static bool skip_brackets(const char **p)
{
	const char *end = pattern__skip_bracket(*p);

	if (end > *p + 1) {
		*p = end;
		return true;
	}
	if (strchr(*p, ']'))
		return false;
	*p += strlen(*p);
	return true;
}

static void repeat_last(struct cost *cost, uint64_t times)
{
	cost->sums[cost->depth] += cost->last * (times - 1);
	cost->last *= times;
	cost->anchors += cost->last_anchors * (times - 1);
	cost->last_anchors *= times;
}

static bool is_anchor(const char *p)
{
	return *p == '^' || *p == '$' || (*p == '\\' && p[1] && strchr("bB<>`'", p[1]));
}

/* One that begins, or ends, an alternative of many is as good as nothing. */
static void add_anchor(struct cost *cost, const char *p)
{
	cost->last_anchors = is_anchor(p);
	if (cost->depth)
		cost->anchors += cost->last_anchors;
	else
		cost->outer_anchors = *p == '|' ? 0 : cost->outer_anchors + cost->last_anchors;
	if (cost->outer_anchors > MAX_OUTER_ANCHORS)
		cost->anchors = MAX_ANCHORS + 1;
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
		cost->anchors_at[cost->depth] = cost->anchors;
		cost->last = cost->last_anchors = 0;
		break;
	case ')':
		cost->last = cost->depth ? *sum : 1;
		cost->last_anchors = cost->anchors - cost->anchors_at[cost->depth];
		cost->depth -= cost->depth > 0;
		cost->sums[cost->depth] += cost->last;
		break;
	case '{':
		next = repetitions(*p, &repeat);
		repeat_last(cost, repeat);
		break;
	case '+': /* x+ is xx*, x++ four of them, and so on */
		repeat_last(cost, 2);
		break;
	case '*':
	case '?':
		break;
	default:
		add_anchor(cost, *p);
		if (**p == '[') {
			next = *p;
			if (!skip_brackets(&next))
				return false;
		} else if (**p == '\\' && next[0]) {
			next++;
		}
		cost->last = 1;
		*sum += 1;
	}
	*p = next;
	return cost->sums[cost->depth] <= PATTERN_MAX_PARTS && cost->anchors <= MAX_ANCHORS;
}

/* False where it is too large. */
static bool measure(const char *text, struct cost *cost)
{
	for (const char *p = text; *p;) {
		if (!add_part(cost, &p))
			return false;
	}
	/* a parenthesis that is not closed is the compiler's to complain of */
	for (; cost->depth; cost->depth--)
		cost->sums[cost->depth - 1] += cost->sums[cost->depth];
	return cost->sums[0] <= PATTERN_MAX_PARTS;
}

int pattern__init(struct pattern *pattern, const char *text, size_t at,
		  struct pattern_budget *budget, struct expr_error *ret)
{
	struct cost cost = { .depth = 0 };
	size_t len = strlen(text);
	char reason[128];
	int err;

	if (!measure(text, &cost) || cost.sums[0] * cost.sums[0] > MAX_SQUARES - budget->squares)
		return expr_error__set(ret, at, len,
				       "the regular expression is too large: at most %u parts, "
				       "with every repetition written out, and %u parentheses in "
				       "one another, with %u anchors in them",
				       PATTERN_MAX_PARTS, PATTERN_MAX_DEPTH, MAX_ANCHORS);
	budget->squares += cost.sums[0] * cost.sums[0];
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

bool pattern__matches(const struct pattern *pattern, struct ttlog_text text)
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

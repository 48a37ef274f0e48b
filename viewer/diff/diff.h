/* SPDX-License-Identifier: MIT */
/*
 * --diff A B: what differs between two runs, a good one and a bad one, most telling first.
 */
#ifndef TTLOG_VIEW_DIFF_H
#define TTLOG_VIEW_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "profile.h"

/* Findings of the same score are shown in this order. */
enum finding_kind {
	FINDING_CRASH,
	FINDING_EXIT,
	FINDING_EVENT,    /* more or fewer events */
	FINDING_DURATION, /* a span's */
	FINDING_NUMBER,
	FINDING_VALUE,
	FINDING_LEVEL,
	FINDING_THREAD,
};

/* A difference. The index of an array is the run: 0 is A. */
struct finding {
	enum finding_kind kind;
	double score;
	const struct ttlog_site *site; /* EVENT to VALUE: B's site, or A's if B has none */
	struct ttlog_text key;         /* NUMBER, VALUE: the field's */
	struct ttlog_text name;        /* VALUE: the value, of `type`; LEVEL, THREAD: the name */
	uint8_t type;
	bool is_null;
	uint64_t cnt[2];                       /* events, or those with that value */
	uint64_t of[2];                        /* NUMBER, VALUE, DURATION: of how many */
	const struct aggregate *aggregates[2]; /* NUMBER, DURATION */
	enum statistic statistic;              /* the one that tells most */
	size_t more;  /* VALUE: how many other values of the field differ */
	char *end[2]; /* CRASH, EXIT: in words; owned */
};

struct diff {
	const struct profile *profiles; /* two, the caller's */
	struct finding *findings;       /* the most telling first */
	size_t cnt, cap;
};

/* Returns 0 or -ENOMEM. */
int diff__init(struct diff *ret, const struct profile *profiles);
void diff__fini(struct diff *diff);

#endif /* TTLOG_VIEW_DIFF_H */

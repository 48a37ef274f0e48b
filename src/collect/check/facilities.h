/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and this process's privileges allow. Each question is answered by a try, and
 * printed with the price of what is missing and what to do about it.
 */
#ifndef TTLOG_FACILITIES_H
#define TTLOG_FACILITIES_H

#include <stdbool.h>
#include <stdio.h>

struct answer {
	bool ok;
	bool denied;      /* by privileges, not by what the kernel can do */
	char detail[240]; /* "" for none */
};

struct question {
	const char *what;
	bool needed;      /* no recording without it */
	const char *cost; /* the price if it is missing */
	const char *fix;
	/* one of these, or the caller asks */
	void (*ask)(struct answer *answer);
	int (*works)(void);      /* 0 or -errno */
	unsigned int capability; /* its number */
	const char *tracepoint;  /* its name */
};

/* Returns 1 if it is needed and missing, else 0. */
unsigned int question__print(FILE *out, const struct question *question,
			     const struct answer *answer);

/* All of them. Returns how many are missing of those that recording needs. */
unsigned int facilities__print(FILE *out);
/* Only what recording needs and this machine lacks; nothing if nothing is missing. */
void facilities__explain(FILE *out);

#endif /* TTLOG_FACILITIES_H */

/* SPDX-License-Identifier: MIT */
/*
 * The answers to `ttlog-ctl status` and `list`: one JSON object each. Keys are only added; a change
 * of what one means gets another ANSWER_VERSION. man/ttlog-ctl.1 has them all.
 */
#ifndef TTLOG_ANSWER_H
#define TTLOG_ANSWER_H

#include <stdint.h>
#include <stdbool.h>

#define ANSWER_VERSION 1

struct json_out;
struct status;
struct status_process;

/* Which processes are meant. */
struct selector {
	uint32_t pid;        /* 0: any */
	const char *service; /* globs; "": any */
	const char *target;  /* of sites */
};

bool selector__takes_process(const struct selector *selector, const struct status_process *process);

/* Opens the object, with what every answer has. */
void answer__begin(struct json_out *json);
void answer__status(struct json_out *json, const struct status *status,
		    const struct selector *selector);
void answer__list(struct json_out *json, const struct status *status,
		  const struct selector *selector);
/* The member "collector", with no more than its pid. */
void answer__collector(struct json_out *json);

#endif /* TTLOG_ANSWER_H */

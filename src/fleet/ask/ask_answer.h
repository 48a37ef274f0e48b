/* SPDX-License-Identifier: MIT */
/*
 * What a host answers:
 *	{"version":1,"verdict":"done"|"refused"|"failed","why":"...",
 *	 "answers":[{"collector":"control-1.sock","verdict":"done"|"failed"|"usage"|"silent","text":"..."}]}
 * The text of a collector is what it told: JSON, paths, or lines of errors (control_wire.h).
 */
#ifndef TTLOG_ASK_ANSWER_H
#define TTLOG_ASK_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* As JSON; a longer one is refused. Of 1,500 processes; a host answers several requests at a time. */
#define ASK_ANSWER_MOST_BYTES (1u << 20)

/* NULL without memory; the caller drops it. */
json_t *ask_answer__done(void);
/* The host does not do it; it could not be done. why: for the user who asked. Any bytes. */
json_t *ask_answer__refused(const char *why);
json_t *ask_answer__failed(const char *why);
/* With any verdict but "done". */
json_t *ask_answer__make(const char *verdict, const char *why);
/* text: any bytes. 0 or -ENOMEM. */
int ask_answer__add(json_t *answer, const char *collector, const char *verdict, const char *text);

/* The caller frees it. Too long an answer becomes a refusal. NULL without memory. */
char *ask_answer__encode(const json_t *answer);

/* Whatever a host sent, checked. The caller drops it. NULL: it is no answer. */
json_t *ask_answer__parse(const char *bytes, size_t len);
bool ask_answer__is_done(const json_t *answer);

#endif /* TTLOG_ASK_ANSWER_H */

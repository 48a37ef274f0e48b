/* SPDX-License-Identifier: MIT */
/* What collectors answer, as text for people. */
#ifndef TTLOG_CTL_PRINT_H
#define TTLOG_CTL_PRINT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All take an answer (man/ttlog-ctl.1). */
void print__status(FILE *out, json_t *answer);
void print__list(FILE *out, json_t *answer);
void print__list_heads(FILE *out);
/* Of level and filter; of reload. */
void print__switched(FILE *out, json_t *answer);
void print__reloaded(FILE *out, json_t *answer);

/* The members of an object; 0 and "" if there is none. A text has no bytes that a terminal obeys:
 * it was changed in place. */
uint64_t print__u64(json_t *object, const char *key);
const char *print__text(json_t *object, const char *key);
/* The same of a string itself. */
const char *print__clean(json_t *string);
/* "12.3M"; "950". */
#define PRINT_SHORT_BYTES 16
const char *print__short(char to[PRINT_SHORT_BYTES], double value);
/* "1.2s", "3h"; to: as long. */
const char *print__age(char to[PRINT_SHORT_BYTES], uint64_t ns);
/* How full a ring is, in percent. */
unsigned int print__percent(uint64_t part, uint64_t whole);

#endif /* TTLOG_CTL_PRINT_H */

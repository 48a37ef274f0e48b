/* SPDX-License-Identifier: MIT */
/*
 * Keys whose values go into no file: globs, each of which hides the fields with such keys.
 */
#ifndef TTLOG_REDACT_H
#define TTLOG_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define REDACT_MAX         128u
#define REDACT_GLOB_BYTES  128u /* with its end */
#define REDACT_LIST_BYTES  (REDACT_MAX * REDACT_GLOB_BYTES)
/* What readers see instead of a value. */
#define REDACT_REPLACEMENT "(redacted)"

/* All zero is valid: nothing is hidden. */
struct redact {
	char (*globs)[REDACT_GLOB_BYTES];
	size_t cnt, capacity;
};

void redact__fini(struct redact *redact);

/* Adds "password,*_token". 0, -EINVAL with the reason as text, or -ENOMEM. */
int redact__add(struct redact *redact, const char *list, char *ret_why, size_t why_size);

/* As a list that redact__add() takes. */
void redact__list(const struct redact *redact, char ret_list[REDACT_LIST_BYTES]);

bool redact__hides(const struct redact *redact, const char *key);

#endif /* TTLOG_REDACT_H */

/* SPDX-License-Identifier: MIT */
/* The public keys that files are encrypted to: each of their owners can read them. */
#ifndef TTLOG_RECIPIENTS_H
#define TTLOG_RECIPIENTS_H

#include <stddef.h>

#include "format.h"
#include "seal_key.h"

#define RECIPIENTS_TEXT_BYTES (FORMAT_SEAL_MAX_RECIPIENTS * SEAL_KEY_TEXT_BYTES)

/* All zero is valid: none. */
struct recipients {
	unsigned char keys[FORMAT_SEAL_MAX_RECIPIENTS][SEAL_KEY_BYTES];
	size_t cnt;
};

/*
 * Adds those of a file: a key on each line, and lines that begin with #. Others must not be able to
 * write to it, or they could read what is written. 0, or -EINVAL with the reason as text.
 */
int recipients__add_file(struct recipients *recipients, const char *path, char *ret_why,
			 size_t why_size);
/* The same for the text of such a file; name: for the reason. */
int recipients__add_text(struct recipients *recipients, const char *text, size_t len,
			 const char *name, char *ret_why, size_t why_size);
/* As the text of a file. */
void recipients__text(const struct recipients *recipients, char ret_text[RECIPIENTS_TEXT_BYTES]);

#endif /* TTLOG_RECIPIENTS_H */

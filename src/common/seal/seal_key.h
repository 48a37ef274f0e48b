/* SPDX-License-Identifier: MIT */
/* Keys of crypto_box (X25519) as text: a word that says which one it is, and the bytes in base64. */
#ifndef TTLOG_SEAL_KEY_H
#define TTLOG_SEAL_KEY_H

#include <stddef.h>

#define SEAL_KEY_BYTES      32u
/* "ttlog-secret-", 43 characters, and the end. */
#define SEAL_KEY_TEXT_BYTES 64u

enum seal_key_kind {
	SEAL_KEY_PUBLIC,
	SEAL_KEY_SECRET,
};

void seal_key__text(enum seal_key_kind kind, const unsigned char key[SEAL_KEY_BYTES],
		    char ret_text[SEAL_KEY_TEXT_BYTES]);
/* 0, or -EINVAL: it is no such key. */
int seal_key__parse(enum seal_key_kind kind, const char *text, size_t len,
		    unsigned char ret_key[SEAL_KEY_BYTES]);

/* The next line of a file of keys, from *at on, without blanks at its ends, comments and empty
 * lines. NULL: none is left. */
const char *seal_key__next_line(const char **at, const char *end, size_t *ret_len);

#endif /* TTLOG_SEAL_KEY_H */

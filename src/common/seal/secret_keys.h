/* SPDX-License-Identifier: MIT */
/* Secret keys, which read what was encrypted to their public keys. */
#ifndef TTLOG_SECRET_KEYS_H
#define TTLOG_SECRET_KEYS_H

#include <stddef.h>

#include "seal_key.h"

#define SECRET_KEYS_MAX 64u

/* All zero is valid: none. */
struct secret_keys {
	unsigned char public[SECRET_KEYS_MAX][SEAL_KEY_BYTES];
	unsigned char secret[SECRET_KEYS_MAX][SEAL_KEY_BYTES];
	size_t cnt;
};

/* Adds the keys of a file, which must be secret: a key on each line, and lines that begin with #.
 * 0, or -EINVAL with the reason as text. */
int secret_keys__add_file(struct secret_keys *keys, const char *path, char *ret_why,
			  size_t why_size);
/* Wipes the keys. */
void secret_keys__fini(struct secret_keys *keys);

/* Makes a key and writes it into a new file (0600). ret_public: its public key. 0, or -EINVAL with
 * the reason as text. */
int secret_keys__make_file(const char *path, char ret_public[SEAL_KEY_TEXT_BYTES], char *ret_why,
			   size_t why_size);

#endif /* TTLOG_SECRET_KEYS_H */

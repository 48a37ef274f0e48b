/* SPDX-License-Identifier: MIT */
/* Files of keys: small, regular, and of root or of our own user. */
#ifndef TTLOG_KEY_FILE_H
#define TTLOG_KEY_FILE_H

#include <stddef.h>
#include <sys/types.h>

#define KEY_FILE_MAX_BYTES 65536u

/*
 * Reads a file that belongs to us or to root and has none of the bits of `refused` in its mode. 0,
 * or -EINVAL with the reason as text, which begins with the path.
 */
int key_file__read(const char *path, mode_t refused, char ret_text[KEY_FILE_MAX_BYTES],
		   size_t *ret_len, char *ret_why, size_t why_size);
/* Writes a new one, for us alone: mode 0600. The same results. */
int key_file__write(const char *path, const char *text, char *ret_why, size_t why_size);

#endif /* TTLOG_KEY_FILE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Snapshots that are encrypted (FORMAT.md, section 9): decrypted into memory, never to a disk,
 * because a reader needs random access.
 */
#ifndef TTLOG_VIEW_SEALED_H
#define TTLOG_VIEW_SEALED_H

#include <stdbool.h>
#include <stddef.h>

struct options;
struct secret_keys;

/* Reads the files of --identity. 0 or -EINVAL, which it has printed. */
int sealed__read_keys(const struct options *options, struct secret_keys *ret);

/* Opens the path if it is an encrypted file; -1: it is not, or can't be opened. */
int sealed__open(const char *path);
/* Whether it is one, of a descriptor. */
bool sealed__is(int fd);
/*
 * Takes ownership of fd. Returns a descriptor of the content, or -1 with errno and the reason as
 * text. If a part of the content is damaged or missing, ret_why says so; else it is "".
 */
int sealed__decrypt(int fd, const struct secret_keys *keys, char *ret_why, size_t why_size);

/* --keygen: makes a key in the file of --output, and prints its public key. The exit status. */
int sealed__keygen(const struct options *options);

#endif /* TTLOG_VIEW_SEALED_H */

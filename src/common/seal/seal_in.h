/* SPDX-License-Identifier: MIT */
/*
 * Reads encrypted files (FORMAT.md, section 9), which may be hostile, damaged or cut: what comes out
 * is what the writer wrote, from its first byte on, up to the damage.
 */
#ifndef TTLOG_SEAL_IN_H
#define TTLOG_SEAL_IN_H

#include <stdbool.h>
#include <stddef.h>

struct secret_keys;

/* Whether the file is encrypted, by its first bytes. */
bool seal_in__is_sealed(int fd);

/*
 * Copies the content to another file, at its position. 0; -ENODATA: the end is missing; -EUCLEAN: what
 * comes next is damaged; -EBADMSG: the head is damaged, or of a later version; -EKEYREJECTED: it is for other
 * keys; else -errno. But for 0, ret_why has the reason.
 */
int seal_in__copy(int fd, const struct secret_keys *keys, int to, char *ret_why, size_t why_size);

#endif /* TTLOG_SEAL_IN_H */

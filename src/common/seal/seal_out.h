/* SPDX-License-Identifier: MIT */
/*
 * Writes an encrypted file (FORMAT.md, section 9): the head, with the file's key sealed for each
 * recipient, then the content in messages. All bytes of one call are in messages of their own: so a
 * file that is cut gives all frames before the cut.
 */
#ifndef TTLOG_SEAL_OUT_H
#define TTLOG_SEAL_OUT_H

#include <stddef.h>

struct recipients;
struct seal_out;

/* Makes a new key. label: what stands in clear, at most FORMAT_SEAL_LABEL_MAX_BYTES. NULL with
 * errno. */
struct seal_out *seal_out__new(const struct recipients *recipients, const void *label,
			       size_t label_bytes);
/* Wipes the key. NULL is fine. */
void seal_out__free(struct seal_out *seal);

/* Each writes at fd's position; 0 or -errno. The head comes first, the end, which marks the content
 * whole, last. */
int seal_out__head(struct seal_out *seal, int fd);
int seal_out__write(struct seal_out *seal, int fd, const void *bytes, size_t len);
int seal_out__end(struct seal_out *seal, int fd);

#endif /* TTLOG_SEAL_OUT_H */

/* SPDX-License-Identifier: MIT */
/*
 * A snapshot packed again: the same frames with the same content in the same order (so the same
 * header, events and identities), each compressed as well as LZ4 can.
 */
#ifndef TTLOG_VIEW_REPACK_H
#define TTLOG_VIEW_REPACK_H

#include <stdbool.h>
#include <stddef.h>

/* 0 or -errno; -EBADMSG: `from` is damaged. */
int repack__copy(int from, int to);
/* Whether both have the same content, byte by byte. 0 or -errno. */
int repack__compare(int a, int b, bool *ret_is_equal);

/* Writes the frame of a header. 0 or -errno. */
int repack__write_header(int to, const void *content, size_t len);

#endif /* TTLOG_VIEW_REPACK_H */

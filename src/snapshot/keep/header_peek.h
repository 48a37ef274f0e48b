/* SPDX-License-Identifier: MIT */
/*
 * The service and the signature in a snapshot's header (FORMAT.md, section 2), without reading more
 * than the first 320 KiB of the file. Any file may be there; it takes bounded time and memory.
 */
#ifndef TTLOG_HEADER_PEEK_H
#define TTLOG_HEADER_PEEK_H

struct label;

/* What is not found stays. */
void header_peek__read(int fd, struct label *label);

#endif /* TTLOG_HEADER_PEEK_H */

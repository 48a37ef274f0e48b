/* SPDX-License-Identifier: MIT */
/*
 * Snapshots from a pipe (`ttlog-view -`, /dev/stdin, <(...)): read to the end into memory, at most
 * PIPED_MAX_BYTES, because a reader needs random access.
 */
#ifndef TTLOG_VIEW_PIPED_H
#define TTLOG_VIEW_PIPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIPED_MAX_BYTES (UINT64_C(256) << 20)

/* Whether the path is stdin, of any kind, or a pipe without a name. */
bool piped__is_meant(const char *path);
/*
 * Opens it, for ttlog_snapshot_start_fd(): the file that stdin is, or the memory with the pipe's
 * bytes. Returns the descriptor, or -1 with errno and the reason as text.
 */
int piped__open(const char *path, char *ret_why, size_t why_size);

#endif /* TTLOG_VIEW_PIPED_H */

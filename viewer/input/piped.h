/* SPDX-License-Identifier: MIT */
/*
 * Snapshots that are no files: what comes through a pipe (`ttlog-view -`, /dev/stdin, <(...)) is read
 * to its end into memory, PIPED_MAX_BYTES at most, for a reader goes to and fro in it.
 */
#ifndef TTLOG_VIEW_PIPED_H
#define TTLOG_VIEW_PIPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIPED_MAX_BYTES (UINT64_C(256) << 20)

/* Whether it is no file, but stdin, whatever that is, or a pipe without a name. */
bool piped__is_meant(const char *path);
/*
 * Opens that, for ttlog_snapshot_start_fd(): the file that stdin is, or the memory that the pipe was
 * read into. Returns the descriptor, or -1 with errno and why, in words.
 */
int piped__open(const char *path, char *ret_why, size_t why_size);

#endif /* TTLOG_VIEW_PIPED_H */

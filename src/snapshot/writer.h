/* SPDX-License-Identifier: MIT */
/*
 * The directory that snapshots are written to.
 */
#ifndef TTLOG_WRITER_H
#define TTLOG_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct job;
struct writer;

/* Makes the directory (0700) if it is not there. max_files, max_bytes: how many snapshots stay; 0:
 * no limit. NULL with errno. */
struct writer *writer__new(const char *dir, size_t max_files, uint64_t max_bytes);
/* NULL is fine. */
void writer__free(struct writer *writer);
/* Of the disk; UINT64_MAX if it is not known. Any thread. */
uint64_t writer__free_bytes(const struct writer *writer);
/* Writes the job's file, and sets the job's results. Any thread. */
void writer__write(const struct writer *writer, struct job *job);

#endif /* TTLOG_WRITER_H */

/* SPDX-License-Identifier: MIT */
/*
 * What users write on the command line: sizes, durations, lists of processes, levels.
 *
 * Return 0; -EINVAL if the text has not that form, or -ERANGE if the number does not fit: then the
 * output is untouched.
 */
#ifndef TTLOG_PARSE_H
#define TTLOG_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* "4096", "64K", "1.5G", "64MiB": powers of 1024, any case, K M G T with or without B or iB. */
int parse__size(const char *text, uint64_t *ret_bytes);

/* "250ms", "1.5s", "2m", "30": ns us ms s m h, seconds without a unit. */
int parse__duration(const char *text, uint64_t *ret_ns);

/* "1,22,333": at least one, each 1 or more. Adds those that are not in *pids yet, which the caller
 * frees. Also -ENOMEM. */
int parse__pids(const char *text, pid_t **pids, size_t *cnt);

#endif /* TTLOG_PARSE_H */

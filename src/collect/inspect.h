/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect --list`: the sites of a file or a process, and its USDT probes of others, on
 * stdout. Return the exit status.
 */
#ifndef TTLOG_INSPECT_H
#define TTLOG_INSPECT_H

#include <sys/types.h>

int inspect__file(const char *path);
int inspect__process(pid_t pid);

#endif /* TTLOG_INSPECT_H */

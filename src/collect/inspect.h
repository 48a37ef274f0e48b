/* SPDX-License-Identifier: MIT */
/*
 * `ttlog-collect --list`: the sites of a file or a process, and its USDT probes of others, on
 * stdout. Return the exit status.
 */
#ifndef TTLOG_INSPECT_H
#define TTLOG_INSPECT_H

#include <sys/types.h>

struct foreign_probes;

/* chosen: only these USDT probes (--usdt), with the catalogue; NULL: all. */
int inspect__file(const char *path, const struct foreign_probes *chosen);
int inspect__process(pid_t pid, const struct foreign_probes *chosen);

#endif /* TTLOG_INSPECT_H */

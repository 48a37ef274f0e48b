/* SPDX-License-Identifier: MIT */
/*
 * All foreign probes of the user, and the signatures that the catalogue knows. It is filled at
 * start, and immutable afterwards: then any thread reads it. (What was told of them has a lock.)
 */
#ifndef TTLOG_FOREIGN_PROBES_H
#define TTLOG_FOREIGN_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#include "foreign_probe.h"

struct debuginfod;
struct foreign_probes;
struct foreign_report;

/* NULL with errno. */
struct foreign_probes *foreign_probes__new(void);
/* NULL is fine. */
void foreign_probes__free(struct foreign_probes *probes);

/* Takes ownership, also when it fails. 0 or -ENOMEM. */
int foreign_probes__add(struct foreign_probes *probes, struct foreign_probe *probe);
/* The same for a line of the catalogue: what USDT probes it matches have, if the user does not say
 * so. */
int foreign_probes__add_known(struct foreign_probes *probes, struct foreign_probe *probe);

/* In the order in which they were added. NULL (no foreign probes) has none. */
size_t foreign_probes__cnt(const struct foreign_probes *probes);
const struct foreign_probe *foreign_probes__get(const struct foreign_probes *probes, size_t at);
bool foreign_probes__has(const struct foreign_probes *probes, enum foreign_kind kind);

/* The first USDT probe of the user that matches; NULL: none. */
const struct foreign_probe *foreign_probes__find_usdt(const struct foreign_probes *probes,
						      const char *provider, const char *name);
/* The signature that the catalogue has of it; NULL: none. */
const struct foreign_probe *foreign_probes__find_known(const struct foreign_probes *probes,
						       const char *provider, const char *name);
/* Whether the catalogue has such a provider (a glob). */
bool foreign_probes__knows_provider(const struct foreign_probes *probes, const char *provider);

/*
 * What goes wrong with these probes in files is told to `tell`, each line once; after
 * FOREIGN_REPORT_MAX_LINES, no more. Before other threads use the probes.
 */
void foreign_probes__tell_to(struct foreign_probes *probes, void (*tell)(const char *line));
/* Any thread. */
void foreign_probes__tell(const struct foreign_probes *probes, const struct foreign_report *report);

/*
 * Whether `where` of a --uprobe or --span means this file: a path (with '/') the whole of it, also by
 * another way to the same file; a name its last part, with or without what follows from ".so" or a
 * later dot on: "libc" and "libc.so.6" both mean /usr/lib/libc.so.6. Both are globs.
 */
bool foreign_probe__takes_file(const struct foreign_probe *probe, const char *path);

/* The server with debug information of stripped files; NULL: none is asked. It lives longer. */
void foreign_probes__set_debuginfod(struct foreign_probes *probes, struct debuginfod *debuginfod);
struct debuginfod *foreign_probes__debuginfod(const struct foreign_probes *probes);

#endif /* TTLOG_FOREIGN_PROBES_H */

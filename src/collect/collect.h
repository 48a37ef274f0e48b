/* SPDX-License-Identifier: MIT */
/*
 * Recording, from the command line to the exit status.
 */
#ifndef TTLOG_COLLECT_H
#define TTLOG_COLLECT_H

/* With -- CMD: the collector itself failed; the same as of env(1). */
#define EXIT_COLLECTOR 125

struct env;

/* Records as env says. Returns the exit status of ttlog-collect. */
int collect__run(const struct env *env);

#endif /* TTLOG_COLLECT_H */

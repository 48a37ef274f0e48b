/* SPDX-License-Identifier: MIT */
/*
 * Recording, from the command line to the exit status.
 */
#ifndef TTLOG_COLLECT_H
#define TTLOG_COLLECT_H

/* With -- CMD: the collector failed, as env(1) has it. */
#define EXIT_COLLECTOR 125

struct env;

/* Records as env says until it is over. The exit status of ttlog-collect. */
int collect__run(const struct env *env);

#endif /* TTLOG_COLLECT_H */

/* SPDX-License-Identifier: MIT */
/*
 * Whether the foreign probes that the user asked for (--usdt, --uprobe, --span) are there, before
 * anything is attached.
 */
#ifndef TTLOG_ASKED_H
#define TTLOG_ASKED_H

struct env;

/* Adds what the catalogue knows of USDT probes. 0, or EXIT_USAGE: a line of it is wrong, and stderr
 * says which. */
int asked__read_catalogue(const struct env *env);

/*
 * 0, or EXIT_USAGE: stderr says what is wrong, and what there is instead. program: the file of CMD.
 * Of programs that are found later (--all and the like) nothing is known. What can't be read is left
 * to those who attach to it.
 */
int asked__check(const struct env *env, const char *program);

#endif /* TTLOG_ASKED_H */

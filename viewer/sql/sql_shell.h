/* SPDX-License-Identifier: MIT */
/*
 * --sql: statements, and commands that begin with a point, one after another: from the command
 * line, from a terminal with a line editor and its history, or from stdin.
 */
#ifndef TTLOG_VIEW_SQL_SHELL_H
#define TTLOG_VIEW_SQL_SHELL_H

struct input;
struct options;
struct out;

/* Returns 0; -EINVAL: a statement is wrong, which was reported; or another -errno. */
int sql_shell__run(const struct options *options, const struct input *input, struct out *out);

#endif /* TTLOG_VIEW_SQL_SHELL_H */

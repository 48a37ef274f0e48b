/* SPDX-License-Identifier: MIT */
#ifndef TTLOG_COMMAND_LINE_H
#define TTLOG_COMMAND_LINE_H

struct env;

/*
 * 0 or -ENOMEM. Does not return if the user asked for help or the version (exit status 0), or if
 * the command line is wrong: then it prints an error, and exits with 2.
 */
int command_line__parse(struct env *ret_env, int argc, char **argv);

#endif /* TTLOG_COMMAND_LINE_H */

/* SPDX-License-Identifier: MIT */
#ifndef TTLOG_COMMAND_LINE_H
#define TTLOG_COMMAND_LINE_H

#include <stddef.h>

#define EXIT_USAGE 2

struct env;

/*
 * 0 or -ENOMEM. Does not return if the user asked for help or the version (exit status 0), or if
 * the command line is wrong: then it prints an error, and exits with 2.
 */
int command_line__parse(struct env *ret_env, int argc, char **argv);

/* Finds the mode, and checks what goes together. 0 or -EINVAL with a message for the user. */
int command_line__check(struct env *env, char *error, size_t error_size);

#endif /* TTLOG_COMMAND_LINE_H */

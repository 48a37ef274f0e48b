/* SPDX-License-Identifier: MIT */
/*
 * The arguments of the functions of one file: by its debug information where there is some, else by
 * what the user says of them. One thread.
 */
#ifndef TTLOG_ARGUMENTS_H
#define TTLOG_ARGUMENTS_H

#include <stdint.h>

#include "argument.h"

struct arguments;

/* machine: EM_X86_64 or EM_AARCH64. fd: the file; debug_fd: the one with its debug information, or
 * -1: both are used until it is freed. NULL with errno. */
struct arguments *arguments__new(uint16_t machine, int fd, int debug_fd);
/* NULL is fine. */
void arguments__free(struct arguments *arguments);

/* wish->machine is filled in here. */
void arguments__find(struct arguments *arguments, struct function_wish *wish,
		     struct function_arguments *ret);

#endif /* TTLOG_ARGUMENTS_H */

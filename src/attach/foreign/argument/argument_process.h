/* SPDX-License-Identifier: MIT */
/*
 * The parent's side of argument_child.h. One thread.
 */
#ifndef TTLOG_ARGUMENT_PROCESS_H
#define TTLOG_ARGUMENT_PROCESS_H

#include "argument.h"

struct argument_process;

/* From now on a child reads debug information. Before, in unit tests and fuzzers, this process
 * does, since it can't start itself again. */
void argument_process__use(void);

/* Of the file that is open on fd, which is used until it is freed. NULL: it has no debug
 * information, or that can't be read. */
struct argument_process *argument_process__new(int fd);
/* NULL is fine. */
void argument_process__free(struct argument_process *process);

/* 0, or -errno: the child has ended, or took too long; it is not asked again. */
int argument_process__find(struct argument_process *process, const struct function_wish *wish,
			   struct function_arguments *ret);

#endif /* TTLOG_ARGUMENT_PROCESS_H */

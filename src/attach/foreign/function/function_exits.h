/* SPDX-License-Identifier: MIT */
/*
 * Where a function ends: each return instruction, and each jump to another function that takes its
 * place (a tail call). One thread.
 *
 * Its code is followed from its first instruction, over its jumps, also into pieces that lie
 * elsewhere (.cold). What no instruction leads to (handlers of exceptions, cases of a switch) is
 * found between the pieces that were followed. If any of it does not fit together, or can't be
 * decided, the function has no known exits: a uprobe in the middle of an instruction, or on data,
 * would harm the program.
 */
#ifndef TTLOG_FUNCTION_EXITS_H
#define TTLOG_FUNCTION_EXITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "function_list.h"

/* A larger function is refused. */
#define FUNCTION_MAX_BYTES   (1u << 20)
/* What is decoded for one file in all; the code of a large program's functions that are spans. */
#define FUNCTION_EXITS_BYTES (64u << 20)
#define FUNCTION_MAX_EXITS   4096u

struct function_exit {
	uint64_t offset; /* in the file */
	bool is_jump;    /* of a tail call */
};

struct function_exits;

/* The list is used until it is freed. NULL with errno: ENOTSUP: code of another machine. */
struct function_exits *function_exits__new(struct function_list *list);
/* NULL is fine. */
void function_exits__free(struct function_exits *exits);

/*
 * ret_list is valid until the next call; a function that never returns has 0. 0; -EINVAL: they can't
 * be found: ret_why says in a few words why; or -errno.
 */
int function_exits__find(struct function_exits *exits, const struct function *function,
			 const struct function_exit **ret_list, size_t *ret_cnt, char *ret_why,
			 size_t size);

/* Whether a uprobe may be on its first instruction. 0; -EINVAL, with ret_why; or -errno. */
int function_exits__check_start(struct function_exits *exits, const struct function *function,
				char *ret_why, size_t size);

#endif /* TTLOG_FUNCTION_EXITS_H */

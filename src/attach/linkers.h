/* SPDX-License-Identifier: MIT */
/*
 * The files of dynamic linkers that processes run with, each searched once for where it tells of
 * libraries, and hooked there.
 *
 * Any thread. Nothing waits for a file with the lock.
 */
#ifndef TTLOG_LINKERS_H
#define TTLOG_LINKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "linker.h"

struct kernel;
struct kernel_link;
struct linkers_file;
struct maps;

struct linkers {
	pthread_mutex_t lock;
	struct linkers_file *first;
	size_t for_all_cnt; /* with a filter of 0 */
};

void linkers__init(struct linkers *linkers);
/* Unhooks all, and hands over the links one by one: they are freed faster together. */
void linkers__fini(struct linkers *linkers, void (*leave)(void *ctx, struct kernel_link **link),
		   void *ctx);

/* Hands over what is hooked for that process alone, of which nobody asks meanwhile; none for a filter
 * of 0. */
void linkers__drop(struct linkers *linkers, pid_t filter,
		   void (*leave)(void *ctx, struct kernel_link **link), void *ctx);

/*
 * The dynamic linker of a process, as linker__find(), hooked from now on: in that process, or in
 * all for a filter of 0. *ret_hooked: whether it could be. 0 or -errno.
 */
int linkers__find(struct linkers *linkers, struct kernel *kernel, pid_t filter, pid_t pid,
		  const struct maps *maps, struct linker *ret_linker, bool *ret_hooked);

#endif /* TTLOG_LINKERS_H */

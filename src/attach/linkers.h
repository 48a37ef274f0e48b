/* SPDX-License-Identifier: MIT */
/*
 * The files of the dynamic linkers of processes. Each is searched once for the place where it
 * reports libraries, and gets a link there.
 *
 * Any thread. The lock is not held while a file is read.
 */
#ifndef TTLOG_LINKERS_H
#define TTLOG_LINKERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "linker.h"

struct kernel;
struct leaving;
struct linkers_file;
struct maps;

struct linkers {
	pthread_mutex_t lock;
	struct linkers_file *first;
	size_t for_all_cnt; /* entries with a filter of 0 */
};

void linkers__init(struct linkers *linkers);
/* Moves all links to leaving: it is faster to close them together. */
void linkers__fini(struct linkers *linkers, struct leaving *leaving);

/* Moves the links of single processes to leaving, of files that have one for all. */
void linkers__share(struct linkers *linkers, struct leaving *leaving);
/* Moves the links for that process alone to leaving; none for a filter of 0. */
void linkers__drop(struct linkers *linkers, pid_t filter, struct leaving *leaving);

/*
 * Finds the dynamic linker of a process, as linker__find(), and links it from now on: in that
 * process, or in all for a filter of 0. *ret_hooked: whether that worked. 0 or -errno.
 */
int linkers__find(struct linkers *linkers, struct kernel *kernel, pid_t filter, pid_t pid,
		  const struct maps *maps, struct linker *ret_linker, bool *ret_hooked);

#endif /* TTLOG_LINKERS_H */

/* SPDX-License-Identifier: MIT */
/*
 * What the files of attach share, and nobody else sees: attach.c (processes), attach_links.c (the
 * links of modules), attach_file.c (one file, for every process).
 *
 * Nothing waits for a file with a lock: it may lie where nobody answers any more.
 */
#ifndef TTLOG_ATTACH_PARTS_H
#define TTLOG_ATTACH_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach.h"
#include "linkers.h"
#include "module.h"

struct kernel_link;
struct maps;
struct maps_entry;

struct links {
	pid_t pid;                   /* 0: all */
	struct kernel_link *all;     /* control probe and gates */
	struct kernel_link *control; /* alone, once the gates are closed */
	struct kernel_link
		*start; /* tells of processes before they log (-e); NULL: it is not told */
	struct links *next;
};

/* Links on their way out, to be closed together. Starts with zeroes. */
struct leaving {
	struct kernel_link **links;
	size_t cnt, cap;
};

struct attach {
	struct attach_options options;
	/* One switches sites on at a time, from the look at what is in batches until then; taken
	 * before `lock`. */
	pthread_mutex_t turn;
	pthread_mutex_t lock; /* what follows, but for `linkers`; the drain thread takes it */
	struct modules modules;
	bool closed;            /* no gates any more */
	bool has_marked;        /* a file with sites was ever found */
	struct leaving leaving; /* of processes that have ended */
	size_t unused_cnt;      /* modules that nobody holds, and nothing pins; atomic */
	bool found_unused;      /* atomic */
	struct linkers linkers;
};

/* Takes *link, which may be NULL, and clears it. */
void leaving__add(struct leaving *leaving, struct kernel_link **link);
/* The same, for who hands over one by one. */
void leaving__take(void *leaving, struct kernel_link **link);
void leaving__close(struct leaving *leaving);
/* Takes ownership of the list. */
void leaving__add_all(struct leaving *leaving, struct links *links);

/* Those that serve the process: its own, from before its main ended too, or those for all; NULL for
 * none. Locked. */
struct links *links__of(struct links *links, pid_t pid);
struct links *links__find(struct links *links, pid_t pid);

/* What links of the process are to be made for: it, or all (0). */
pid_t attach__filter(const struct attach *attach, pid_t pid);
/* NULL for none; it stays as long as it is held. */
struct module *attach__module(struct attach *attach, uint32_t number);
/* Whether links serve the process. */
bool attach__is_linked(struct attach *attach, uint32_t number, pid_t pid);
/* Whose turn it is. 0 or -errno. */
int attach__link(struct attach *attach, uint32_t number, const char *path, pid_t pid);
/* Reads what the kernel will read of the file when it is linked: it does so under a lock that every
 * fork() on the machine takes. */
void attach__warm(const struct attach *attach, const struct module *module, int fd);

/* Locked. */
void attach__hold_locked(struct attach *attach, struct module *module);
/* The number of the module that the file is, read where it is not known yet; 1 and up, held once, or
 * -errno. */
int64_t attach__find_file(struct attach *attach, const struct mapped_file *file);
/* The address of the mapping of a file's first byte that goes with this one; 0 for none. */
uint64_t attach__find_base(const struct maps *maps, const struct maps_entry *entry);
/* The first that went wrong counts. */
void attach_result__fail(struct attach_result *result, const char *path, bool unread);
/* Nothing of this file was chosen: what could have been. */
void attach_result__offer(struct attach_result *result, const struct module *module);

#endif /* TTLOG_ATTACH_PARTS_H */

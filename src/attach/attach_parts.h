/* SPDX-License-Identifier: MIT */
/*
 * What the files of attach share: attach.c (modules, and who holds them), attach_find.c (from a file
 * to its module), attach_links.c, attach_process.c, attach_file.c (one file, for every process),
 * attach_unused.c.
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
#include "links.h"
#include "module.h"

struct maps;
struct maps_entry;

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
/* The number of the module of a known mapping, held; 0: none. */
uint32_t attach__hold_mapped(struct attach *attach, const struct maps_entry *entry);
/* The address of the mapping of a file's first byte that goes with this one; 0 for none. */
uint64_t attach__find_base(const struct maps *maps, const struct maps_entry *entry);
/* The first that went wrong counts. */
void attach_result__fail(struct attach_result *result, const char *path, bool unread);
/* Nothing of this file was chosen: what could have been. */
void attach_result__offer(struct attach_result *result, const struct module *module);

#endif /* TTLOG_ATTACH_PARTS_H */

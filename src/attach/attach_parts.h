/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of attach: attach.c (modules that are held), attach_find.c (from a file to its
 * module), attach_links.c, attach_foreign.c, attach_process.c, attach_file.c (one file, for every
 * process), attach_unused.c.
 *
 * No lock is held while a file is opened or read: its file system may hang.
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

struct attach_extra;
struct kernel_places;
struct maps;
struct maps_entry;
struct site_choice;

/* A process with sites of its own. */
struct attach_extra {
	uint32_t pid;
	const char *service; /* NULL: none */
};

struct attach {
	struct attach_options options;
	/* Only one thread at a time switches sites on, from the look at the batches until the sites
	 * are on. Taken before `lock`. */
	pthread_mutex_t turn;
	pthread_mutex_t lock; /* of the fields below, except `linkers`; the drain thread takes it */
	struct modules modules;
	bool closed;                /* the gates are closed */
	bool shares;                /* atomic: from now on, links are for all processes */
	struct site_choice *choice; /* which sites to record; only changes with `turn` held */
	bool has_marked;            /* a file with sites was ever found */
	struct leaving leaving;     /* links of processes that have ended */
	bool has_leaving;           /* atomic: some of these are to be closed */
	size_t unused_cnt;          /* modules that are not held; atomic */
	bool found_unused;          /* atomic */
	struct linkers linkers;
	uint32_t sched_module;          /* never changes; 0: none */
	struct site_table *sched_table; /* its sites; the module owns it */
};

/* What a link for the process must serve: the process, or all (0). */
pid_t attach__filter(const struct attach *attach, pid_t pid);
/* The choice decides which sites of --sched are on; NULL: none. */
void attach__choose_sched(struct attach *attach, const struct site_choice *choice);
/* The caller gives it back by site_choice__unref(). */
struct site_choice *attach__choice(struct attach *attach);
/* Of the links that the process has alone: what these are made by, if not as all. NULL. */
const struct site_filter *attach__base(struct attach *attach, const struct module *module,
				       pid_t pid);
/*
 * What is on in a module by that choice: without `extra` the control probe and all gates, else the
 * gates that are on in this process alone. base: of the process; NULL: as all. NULL: no memory; else
 * the caller frees it: both arrays are in it.
 */
unsigned long *attach__choose_places(const struct attach *attach, const struct module *module,
				     const struct site_choice *choice,
				     const struct site_filter *base,
				     const struct attach_extra *extra, struct kernel_places *ret);
/* How many of these places, without `extra`, are sites. */
size_t attach__site_places(const struct attach *attach, const struct kernel_places *places);
/* How many sites are on by the links that serve the process. */
size_t attach__linked_cnt(struct attach *attach, const struct module *module, pid_t pid);
/* NULL: none. The module stays as long as it is held. */
struct module *attach__module(struct attach *attach, uint32_t number);
/* Whether processes share links for all by now, because they are many. */
bool attach__shares(const struct attach *attach);
/* Then: closes the links of single processes, of files that have links for all. */
void attach__share(struct attach *attach);
/* Whether there are links for the process. */
bool attach__is_linked(struct attach *attach, uint32_t number, pid_t pid);
/* With `turn` held, if it is not linked. base: as above. 0 or -errno. */
int attach__link(struct attach *attach, uint32_t number, int fd, pid_t pid,
		 const struct site_filter *base);
/* Makes the link of `links` to places of foreign sites, unless none is chosen. 0 or -errno. */
int attach__link_foreign(struct attach *attach, uint32_t number, int fd, struct links *links);
/* With `turn` held: makes these links of all processes anew, as the choice is now, if it has changed
 * since `old`. What is closed goes to leaving. 0 or -errno: then they stay as they were. */
int attach__relink_foreign(struct attach *attach, uint32_t number, struct module *module,
			   const struct site_choice *old, struct leaving *leaving);
/* Locked. The links of a process that has more sites on than others; made if there are none. NULL:
 * no memory, or the gates are closed. */
struct links *attach__extra_links(struct attach *attach, struct module *module, pid_t pid);
/* Likewise, the link to those foreign sites that are on in this process alone. */
int attach__relink_foreign_extra(struct attach *attach, uint32_t number, struct module *module,
				 const struct attach_extra *extra);
/* The module has no links any more. */
void attach__forget_places(struct attach *attach, uint32_t number, const struct module *module);
/* Reads the parts of the file that the kernel will read when it is linked: the kernel does that
 * under a lock that every fork() on the machine takes. */
void attach__warm(struct attach *attach, const struct module *module, int fd);

/* Locked. */
void attach__hold_locked(struct attach *attach, struct module *module);
/* The number of the file's module, 1 and up, held once, or -errno. Reads the file if it is not
 * known. */
int64_t attach__find_file(struct attach *attach, const struct mapped_file *file);
/* The number of the module of a known mapping, held; 0: none. */
uint32_t attach__hold_mapped(struct attach *attach, const struct maps_entry *entry);
/* The address at which the first byte of this mapping's file is mapped; 0: none. */
uint64_t attach__find_base(const struct maps *maps, const struct maps_entry *entry);
/* Keeps the first failure. */
void attach_result__fail(struct attach_result *result, const char *path, bool unread);
/* No site of this file was chosen: keeps those that could have been. */
void attach_result__offer(struct attach_result *result, const struct module *module);

#endif /* TTLOG_ATTACH_PARTS_H */

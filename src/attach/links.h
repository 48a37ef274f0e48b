/* SPDX-License-Identifier: MIT */
/*
 * The links of one module: for one process each, or for all.
 */
#ifndef TTLOG_LINKS_H
#define TTLOG_LINKS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kernel_link;
struct site_filter;

struct links {
	pid_t pid; /* 0: all */
	/* what it is made by, if not as all: attach_options.filter_of(); NULL */
	const struct site_filter *base;
	struct kernel_link *all;     /* control probe and gates; NULL: it has none */
	struct kernel_link *foreign; /* foreign sites; NULL: none */
	struct kernel_link *control; /* without gates, after these are closed */
	uint64_t choice;             /* of module->extra: by which it was made */
	size_t site_cnt;             /* of that, or with a base: for how many sites */
	uint64_t foreign_choice;     /* likewise, of foreign ones */
	size_t foreign_cnt;
	struct kernel_link *start; /* reports processes before they log (-e); NULL: none */
	struct links *next;
};

/* Links that are closed together, which is faster. Starts with zeroes. */
struct leaving {
	struct kernel_link **links;
	size_t cnt, cap;
};

/* Takes *link, which may be NULL, and clears it. */
void leaving__add(struct leaving *leaving, struct kernel_link **link);
/* Takes ownership of the list. */
void leaving__add_all(struct leaving *leaving, struct links *links);
void leaving__close(struct leaving *leaving);

/* The links for that process (0: for all). NULL. */
struct links *links__find(struct links *links, pid_t pid);
/* The links that serve the process: its own, also from before its main thread ended, or those for
 * all. NULL. */
struct links *links__of(struct links *links, pid_t pid);
size_t links__cnt(const struct links *links);
/* Moves all links but those for all processes to leaving, if there are such. */
void links__share(struct links **links, struct leaving *leaving);
/* Moves the links for that process to leaving. */
void links__remove(struct links **links, pid_t pid, struct leaving *leaving);

#endif /* TTLOG_LINKS_H */

/* SPDX-License-Identifier: MIT */
/*
 * Which sites are recorded now: what the command line or the configuration says (site_filter.h),
 * and what has been changed since (`ttlog-ctl level`). It never changes once it is shared: another
 * one takes its place.
 *
 * A change for all processes decides instead of the levels before it; the last one that takes the
 * site's target counts. A change for some processes only switches more sites on: the link that
 * serves all processes goes on to serve these.
 */
#ifndef TTLOG_SITE_CHOICE_H
#define TTLOG_SITE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

struct site;
struct site_choice;
struct site_filter;

struct site_change {
	const struct site_filter *levels; /* only these count */
	const char *target;               /* globs; "": all */
	const char *service;
	uint32_t pid; /* 0: all */
};

/* levels, rules: which half of each counts; kept. NULL with errno. */
struct site_choice *site_choice__new(const struct site_filter *levels,
				     const struct site_filter *rules);
/* Copies it. Before others use the choice. 0 or -ENOMEM. */
int site_choice__add(struct site_choice *choice, const struct site_change *change);
/* Any thread. */
struct site_choice *site_choice__ref(struct site_choice *choice);
void site_choice__unref(struct site_choice *choice);

/* It is another one than each earlier choice. */
uint64_t site_choice__number(const struct site_choice *choice);
/* Whether the site is on in all processes. */
bool site_choice__matches(const struct site_choice *choice, const struct site *site);
/* The same for a process with sites of its own, to which changes for all apply too. base: NULL: as
 * all. */
bool site_choice__matches_from(const struct site_choice *choice, const struct site_filter *base,
			       const struct site *site);
/* Whether it is on in this process, and not by its base. service: NULL: it has none. */
bool site_choice__adds(const struct site_choice *choice, const struct site_filter *base,
		       const struct site *site, uint32_t pid, const char *service);
/* Whether a change is for this process. */
bool site_choice__takes_process(const struct site_choice *choice, uint32_t pid,
				const char *service);
/* Whether a change is for some processes. */
bool site_choice__has_processes(const struct site_choice *choice);

bool site_change__is_for_all(const struct site_change *change);
bool site_change__takes_process(const struct site_change *change, uint32_t pid,
				const char *service);

#endif /* TTLOG_SITE_CHOICE_H */

/* SPDX-License-Identifier: MIT */
/*
 * The [target NAME] sections of the configuration: programs that are recorded in their own way.
 */
#ifndef TTLOG_TARGET_H
#define TTLOG_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "given.h"

struct env;

/* What is known of a process; NULL: not known, or there is none. */
struct target_subject {
	const char *exe; /* path */
	const char *unit;
	const char *cgroup;
	const char *service;
};

/* A key of a section that says which processes it is for. */
struct target_key {
	const char *name;
	size_t at; /* offset in struct target_subject */
};

/* exe, unit, cgroup, service; then one without a name. */
extern const struct target_key target_keys[];

/* One of exe is for the whole path, or for its last part. `*` matches any characters, "/" too. */
struct target_glob {
	const struct target_key *key;
	char *glob;
};

struct target {
	char *name;
	char *place; /* "FILE:LINE" */
	struct target_glob *globs;
	size_t glob_cnt, glob_cap;
	struct given_list given; /* its own settings */
	struct env *env;         /* all settings that hold for it, made by config__build() */
};

/* All zeros: an empty list. */
struct target_list {
	struct target *items;
	size_t cnt, cap;
};

/*
 * The first target that the process matches: for each key that the section has, one of its globs
 * matches. What is not known matches no glob. NULL: none. Any thread.
 */
const struct target *target_list__match(const struct target_list *list,
					const struct target_subject *subject);

/* NULL: none. */
const struct target_key *target_key__find(const char *name);
/* Whether a section has that key. */
bool target_list__has(const struct target_list *list, const char *key);
const struct target *target_list__find(const struct target_list *list, const char *name);
/* Copy what they are given. 0 or -ENOMEM. */
int target_list__add(struct target_list *list, const char *name, const char *place);
int target__add_glob(struct target *target, const struct target_key *key, const char *glob);
/* Whether both say the same, in the same words. */
bool target_list__is_same(const struct target_list *a, const struct target_list *b);
void target_list__fini(struct target_list *list);

#endif /* TTLOG_TARGET_H */

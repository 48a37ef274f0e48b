/* SPDX-License-Identifier: MIT */
/*
 * The modules that a process has, or had, and where their own data are in its memory.
 */
#ifndef TTLOG_MODULE_SET_H
#define TTLOG_MODULE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct anchor;
struct facts;

struct module_set {
	uint32_t *items; /* numbers; each is held (attach__hold()) */
	size_t cnt, cap;
	uint32_t last; /* the last one that module_set__has() found */
	struct anchor *anchors;
	size_t anchor_cnt, anchor_cap;
	const struct facts *facts; /* gets each new anchor */
};

void module_set__fini(struct module_set *set);
bool module_set__has(struct module_set *set, uint32_t module);
/* A module that is not there yet. 0 or -ENOMEM. */
int module_set__add(struct module_set *set, uint32_t module);
/* Does nothing if it is there. 0 or -ENOMEM. */
int module_set__add_anchor(struct module_set *set, const struct anchor *anchor);
/* Writes all anchors to the facts. */
void module_set__add_facts(const struct module_set *set);

#endif /* TTLOG_MODULE_SET_H */

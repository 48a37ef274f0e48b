/* SPDX-License-Identifier: MIT */
/*
 * What processes that were seen lately have mapped where, for one that was gone before anybody
 * looked: children that a server forks have their mappings from it, and when hundreds of them crash
 * at once some are quicker than the drain thread.
 *
 * The kernel's build ids and offsets of the crash's frames tell whose it is: addresses are random
 * (ASLR) but among relatives. Belongs to the drain thread.
 */
#ifndef TTLOG_KIN_H
#define TTLOG_KIN_H

#include <stddef.h>

struct process;

#define KIN_CNT 8

struct kin {
	struct kin_layout *layouts[KIN_CNT]; /* the latest first; NULL: none */
};

void kin__fini(struct kin *kin);
/* A process whose mappings were just read. Costs next to nothing where a relative is known. */
void kin__remember(struct kin *kin, const struct process *process);
/* Mappings, path and build id for a process that crashed and has none, where a relative was
 * seen. */
void kin__lend(const struct kin *kin, struct process *process);

#endif /* TTLOG_KIN_H */

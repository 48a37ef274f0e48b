/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of kernel: kernel.c (programs, rings, links) and kernel_maps.c (what the maps
 * have). Only these see the skeleton.
 */
#ifndef TTLOG_KERNEL_PARTS_H
#define TTLOG_KERNEL_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"
#include "ttlog.skel.h"

struct kernel_sched;
struct warm;

struct kernel {
	struct ttlog_bpf *skel;
	struct kernel_rings rings;
	struct warm *warm;          /* until they are read */
	struct kernel_sched *sched; /* NULL: without options.sched */
	uint64_t *recorded;         /* likewise: the data of that map */
	bool multi;                 /* uprobe_multi links */
	bool can_filter;            /* by process */
	unsigned int gaps;
};

#endif /* TTLOG_KERNEL_PARTS_H */

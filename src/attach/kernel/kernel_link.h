/* SPDX-License-Identifier: MIT */
/*
 * Links of a BPF program to places in a file: one link for all of them if the kernel has
 * uprobe_multi, else a perf event for each. kernel.h makes them.
 */
#ifndef TTLOG_KERNEL_LINK_H
#define TTLOG_KERNEL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "probe_links.h"

struct kernel_link;

/* Places that another link has. */
struct kernel_have {
	unsigned long *offsets;
	size_t cnt;
};

/* The type of perf events that are "uprobe" or "kprobe". -errno. */
int kernel_link__event_type(const char *kind);

/* As kernel__link(). */
struct kernel_link *kernel_link__multi(int prog_fd, const struct kernel_places *places,
				       uint64_t cookie, pid_t pid);
/* have: a place that is in it is not opened: kernel_link__take() has to follow. NULL: none. */
struct kernel_link *kernel_link__events(int prog_fd, const struct kernel_places *places,
					uint64_t cookie, pid_t pid, const struct kernel_have *have);

/* The places of a link of perf events; of another one, none. The caller frees ret->offsets. 0 or
 * -ENOMEM. */
int kernel_link__list(const struct kernel_link *link, struct kernel_have *ret);
/* Moves what `link` was made without from another link. Returns whether it is whole then. Never
 * waits. */
bool kernel_link__take(struct kernel_link *link, struct kernel_link *from);

void kernel_link__free(struct kernel_link *link);
/* Many at once: the kernel lets each go after an RCU grace period, which they can wait for
 * together. */
void kernel_link__free_all(struct kernel_link **links, size_t cnt);

#endif /* TTLOG_KERNEL_LINK_H */

/* SPDX-License-Identifier: MIT */
/*
 * Finds files with sites, in whichever process: those that are mapped when it starts, and those that
 * are executed or mapped later. It looks at each file once: what a process does with files that are
 * known takes no time of this process.
 *
 * All functions are called by one thread; callbacks come from threads of the finder.
 */
#ifndef TTLOG_FINDER_H
#define TTLOG_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach.h"

struct finder;

struct foreign_probes;

struct finder_options {
	struct attach *attach;
	const struct foreign_probes *foreign; /* as of attach */
	/*
	 * Which processes are to be attached to, one by one; start_ns: as in the kernel's messages,
	 * 0: unknown. NULL: files are attached to, for all processes. chosen() is called for a
	 * process that has a file with sites, once or more often.
	 */
	bool (*chooses)(void *ctx, pid_t pid);
	void (*chosen)(void *ctx, pid_t pid, uint64_t start_ns);
	/* As attach__files() has it, without chooses(). */
	attach_before_fn before;
	/* It has tried to attach to these files; some may have been attached to before. */
	void (*attached)(void *ctx, const struct attach_file *files, size_t cnt);
	/* Reports were lost, so many so far; it looks at all processes now. */
	void (*missed)(void *ctx, uint64_t cnt);
	void *ctx;
};

struct finder_counts {
	uint64_t look_cnt;   /* files that were opened */
	uint64_t scan_cnt;   /* looks at all processes */
	uint64_t missed_cnt; /* reports that were lost, each time followed by such a look */
};

/*
 * Begins to hear of new files, without a thread of its own. NULL with errno; then *ret_failed is what the kernel does not allow,
 * for a message.
 */
struct finder *finder__new(const struct finder_options *options, const char **ret_failed);
/* Finds what is mapped now. 0 or -errno. */
int finder__scan(struct finder *finder);
/* Finds what is new, from now on. 0 or -errno. */
int finder__start(struct finder *finder);
/* Any thread. */
void finder__count(struct finder *finder, struct finder_counts *ret);
/* False if a thread hangs: then it stays, with all that it uses. NULL is fine. */
bool finder__free(struct finder *finder);

#endif /* TTLOG_FINDER_H */

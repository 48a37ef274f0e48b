/* SPDX-License-Identifier: MIT */
/*
 * Tries to record, for --check: a collector in a process of its own records a marked child
 * (subject.h). Its rings and files are in a private directory, which is removed.
 */
#ifndef TTLOG_TRIAL_H
#define TTLOG_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

struct env;

struct trial {
	bool ok;          /* every event is in a file, also the last ones before its death */
	char detail[240]; /* what was seen, or what went wrong */
	/* all 0 if the sites were not on */
	uint64_t trap_ns;             /* one hit of a uprobe */
	uint64_t copy_bytes, copy_ns; /* a batch that the kernel copies at a death */
};

/* collect__run() */
typedef int (*trial_record_fn)(const struct env *env);

/* Tries -p, or -- CMD. Takes about a second, 30 at the most. */
void trial__run(struct trial *ret, trial_record_fn record, bool by_pid);

#endif /* TTLOG_TRIAL_H */

/* SPDX-License-Identifier: MIT */
/*
 * Makes snapshots with the reason `recovered` of the rings that killed collectors left.
 *
 * The rings of collectors that are alive, or that another one is recovering, are left alone. Rings
 * on a disk may be of an earlier boot: then no process belongs to them, and their wall times are
 * that boot's.
 */
#ifndef TTLOG_RECOVER_H
#define TTLOG_RECOVER_H

#include <stdint.h>
#include <stdio.h>

struct recover;
struct snapshot_target;
struct tags;

struct recover_options {
	const char *root;                     /* directory of rings */
	const char *out_dir;                  /* for snapshots; in messages */
	const struct snapshot_target *target; /* the same, open */
	const struct tags *tags;              /* NULL: none */
	FILE *report;          /* a line for each snapshot, with its accounts; NULL: none */
	uint64_t *written_cnt; /* atomic: raised with each snapshot; NULL: not counted */
};

/*
 * Takes what dead collectors left. If a process still runs, what its threads had not flushed is
 * read, too, and its accounts are closed by the program's own count. So call it before any site is
 * enabled again. It takes milliseconds, however full the rings are. NULL with errno.
 */
struct recover *recover__new(const struct recover_options *options);

/*
 * Writes a snapshot of every ring that was taken, and removes the ring. Any thread, one at a time.
 * Returns the number of snapshots, or -errno if one could not be written: then its ring stays, and
 * the next call tries it again.
 */
int recover__write(struct recover *recover);

/* What was not written stays as it was left. NULL is fine. */
void recover__free(struct recover *recover);

#endif /* TTLOG_RECOVER_H */

/* SPDX-License-Identifier: MIT */
/*
 * The rings of collectors that were killed: into snapshots with the reason `recovered`.
 *
 * What living collectors have, and what another one is just recovering, is left alone. Rings on a
 * disk may be of an earlier boot: then no process has to do with them, and their wall times are
 * that boot's.
 */
#ifndef TTLOG_RECOVER_H
#define TTLOG_RECOVER_H

#include <stddef.h>
#include <stdio.h>

struct recover;

struct recover_options {
	const char *root;    /* directory of rings */
	const char *out_dir; /* for snapshots */
	FILE *report;        /* a line for each snapshot, with its accounts; NULL: none */
};

/*
 * Takes what dead collectors left. Of processes that still run, what their threads had not flushed
 * is read, too, and the accounts are closed by the program's own count: call it before any of their
 * sites is enabled again. It takes milliseconds, however full the rings are. NULL with errno.
 */
struct recover *recover__new(const struct recover_options *options);

/*
 * Writes a snapshot of every ring that was taken, and takes it away. Any thread, once. Returns the
 * number of snapshots, or -errno where one could not be written: its ring stays.
 */
int recover__write(struct recover *recover);

/* What was not written stays as it was left. NULL is fine. */
void recover__free(struct recover *recover);

#endif /* TTLOG_RECOVER_H */

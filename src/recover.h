/* SPDX-License-Identifier: MIT */
/*
 * The rings of collectors that were killed: into snapshots with the reason `recovered`.
 */
#ifndef TTLOG_RECOVER_H
#define TTLOG_RECOVER_H

#include <stddef.h>
#include <stdio.h>

struct recover_options {
	const char *root;    /* directory of rings */
	const char *out_dir; /* for snapshots; made where it is not there */
	FILE *report;        /* a line for each snapshot, with its accounts */
};

/*
 * Looks for what dead collectors left, writes a snapshot of every ring in it, and takes it away.
 * What living collectors have, and what another one is just recovering, is left alone.
 *
 * Of processes that still run, what their threads had not flushed is read too, and the accounts are
 * closed by the program's own count: call it before any of their sites is enabled again. Rings on a
 * disk may be of an earlier boot: then no process has to do with them, and their wall times are
 * that boot's.
 *
 * Returns the number of snapshots, or -errno where one could not be written: its ring stays.
 */
int recover__run(const struct recover_options *options);

#endif /* TTLOG_RECOVER_H */

/* SPDX-License-Identifier: MIT */
/*
 * What a reader of a flight ring needs beside it: which threads there are, which sites the modules
 * have, where the batches are. It is kept in files in case the collector is killed.
 *
 * A collector has a directory of its own, DIR/PID-NS, which is locked (flock) as long as it lives,
 * however it ends. In it are
 *
 *	boot            which boot of the machine, and its wall time less CLOCK_MONOTONIC
 *	clock           see clock__new()
 *	modules         JOURNAL_MODULE records
 *	redact, recipients   see journal__write_note()
 *	*.facts         JOURNAL_PROCESS and the other records, one for each process
 *	*.ring          see ring.h, one for each process that has recorded something
 *
 * Files of records only grow. Each record is written before the first ring entry that needs it. If
 * the writer's death cut a record off, it is the last one, and no entry needs it.
 *
 * Directories come and go while DIR is locked. lost.c reads all this; recover.c adds to it.
 */
#ifndef TTLOG_JOURNAL_H
#define TTLOG_JOURNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

#define JOURNAL_VERSION 1

/* Stored; lost.c has a table of them. */
enum journal_kind {
	JOURNAL_MODULE = 1,  /* number, build id, sites, what foreign sites have more */
	JOURNAL_PROCESS = 2, /* the whole process; the last record counts */
	/* struct thread; they are numbered as they come, and replaced in place */
	JOURNAL_THREAD = 3,
	JOURNAL_SOURCE =
		4, /* address, module, exec, base, suppressed_base; the last record of an address counts */
	/* exec, events emitted until then; the sources and anchors before it are gone */
	JOURNAL_EXEC = 5,
	JOURNAL_ANCHOR = 6, /* address, module */
	/* events emitted and calls left out until then; the collector is dead, the ring has what was unflushed, and
	 * what the process logs from there on is another collector's */
	JOURNAL_SETTLED = 7,
	JOURNAL_GONE = 8, /* of a module that no process has any more: a hole */
	/* events emitted and lost, by cause, struct crash_ending, calls left out: its last snapshot
	 * could not be written; nothing that the process does after that is ours */
	JOURNAL_KEPT = 9,
};

/* Payloads are padded to 8 bytes. */
struct journal_record {
	uint32_t kind;  /* enum journal_kind, and above it JOURNAL_VERSION << 16 */
	uint32_t bytes; /* of the payload */
};

struct journal {
	char dir[PATH_MAX];
	int lock_fd;
	int modules_fd;
	bool stays; /* the next collector needs it */
};

/* Makes the directory in root. 0 or -errno; journal__fini() is right after both. */
int journal__init(struct journal *journal, const char *root);
/* Takes all of it away, unless it stays. A journal that is all zeroes is fine. */
void journal__fini(struct journal *journal);

/*
 * Locks a directory: root against others that make or take directories in it, a collector's own as
 * the sign that it lives. A descriptor to close, or -errno: -EWOULDBLOCK if another one has it and
 * we do not wait.
 */
int journal__lock_dir(const char *dir, bool waits);

/*
 * Whether the directory is of an earlier boot: its addresses and pids mean nothing any more, and
 * its times need that boot's offset. 1, 0, or -errno if the directory does not say of which boot it
 * is.
 */
int journal__read_boot(const char *dir, char ret_id[BOOT_ID_BYTES], int64_t *ret_offset_ns);

/* A text for the next collector, in a file of that name: what it has to heed when it writes what we
 * leave. 0 or -errno. */
int journal__write_note(const struct journal *journal, const char *name, const char *text);
/* Reads it from the directory of a collector, "" if there is none. 0 or -errno: -E2BIG if it is
 * longer than `bytes` with its end. */
int journal__read_note(const char *dir, const char *name, char *ret_text, size_t bytes);

/* The module there is gone: its memory is given back. */
void journal__drop_module(const struct journal *journal, int64_t place);

#endif /* TTLOG_JOURNAL_H */

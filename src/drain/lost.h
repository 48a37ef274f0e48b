/* SPDX-License-Identifier: MIT */
/*
 * Reads the journal (journal.h) of a dead collector: its modules, and its processes one by one.
 */
#ifndef TTLOG_LOST_H
#define TTLOG_LOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accounts.h"
#include "crash.h"

struct process;
struct site_table;

struct lost_modules {
	struct site_table **tables; /* by number; NULL: none */
	size_t cnt;
};

struct lost_process {
	struct process *process; /* without a ring */
	size_t facts_bytes;      /* of the complete records in the file */
	bool is_settled;         /* unflushed events are in the ring, and later ones are not ours */
	uint64_t emitted;        /* until then, by the program's own count */
	bool is_kept;            /* settled, and how it ended is known */
	struct accounts_lost lost;
	struct crash_ending ending;
	char *ending_bytes;
};

/* dir: of the collector. 0 or -errno; after both, lost_modules__fini() has to follow. Malformed
 * records are left out. */
int lost_modules__read(struct lost_modules *modules, const char *dir);
void lost_modules__fini(struct lost_modules *modules);

/* path: a file of facts. 0, -EBADMSG if it does not name a process, or another -errno. The caller
 * frees the process, if there is one. */
int lost_process__read(struct lost_process *lost, const char *path);
/* Frees all but the process. */
void lost_process__fini(struct lost_process *lost);

#endif /* TTLOG_LOST_H */

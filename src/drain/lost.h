/* SPDX-License-Identifier: MIT */
/*
 * What a dead collector's journal (journal.h) says: its modules, and one of its processes.
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
	struct site_table **tables; /* by number; NULL: none of that number */
	size_t cnt;
};

struct lost_process {
	struct process *process; /* without a ring */
	size_t facts_bytes;      /* of the file: whole records */
	bool is_settled;  /* what it had unflushed is in the ring, and nothing after that is ours */
	uint64_t emitted; /* until then, by the program's own count */
	bool is_kept;     /* settled, and its accounts are known */
	struct accounts_lost lost;
	struct crash_ending ending;
	char *ending_bytes;
};

/* Of the collector's directory. 0, or -errno where there is none; lost_modules__fini() is right
 * after both. What was cut off, or is none, is left out. */
int lost_modules__read(struct lost_modules *modules, const char *dir);
void lost_modules__fini(struct lost_modules *modules);

/* From a file of facts. 0, -EBADMSG where it does not say whose they are, or another -errno; the
 * process, if there is one, is the caller's to free. */
int lost_process__read(struct lost_process *lost, const char *path);
/* All but the process. */
void lost_process__fini(struct lost_process *lost);

#endif /* TTLOG_LOST_H */

/* SPDX-License-Identifier: MIT */
/*
 * A snapshot or a stream's segment in the output directory: what decides how long it stays.
 */
#ifndef TTLOG_KEPT_FILE_H
#define TTLOG_KEPT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By its reason. Those of a lower rank go first. */
enum kept_rank {
	KEPT_TIMER = 0,   /* and segments of streams */
	KEPT_REQUEST = 1, /* any other reason, also a text of a program */
	KEPT_KILLED = 2,  /* and recovered: the process may have crashed */
	KEPT_CRASH = 3,
};

/* Which option a file is deleted for. */
enum kept_why {
	KEPT_STAYS = 0,
	KEPT_MAX_SNAPSHOTS,
	KEPT_MAX_DISK,
	KEPT_MAX_AGE,
	KEPT_KEEP_FREE,
	KEPT_WHY_CNT,
};

struct kept_file {
	char *name;
	uint64_t inode;
	uint64_t bytes;
	int64_t order;      /* its modification time, ns: a number that only grows (file_order.h) */
	uint64_t real_ns;   /* when it was made, by its name */
	uint64_t service;   /* hashes: of its service, 0: unknown; of that and its signature */
	uint64_t signature; /* 0: it has none */
	enum kept_rank rank;
	bool is_open;    /* a segment that is being written, or was when its collector was killed */
	bool is_seen;    /* used by shelf.c */
	bool is_shipped; /* set by shipped.c */

	/* set by choice.c */
	enum kept_why why;
	bool is_spared; /* the first or one of the last three of a signature */
	size_t service_at;
};

/* What the name says: its time, rank, whether it is open. false: no name of a snapshot. */
bool kept_file__parse(struct kept_file *file, const char *name);
/* The option's name: "max-disk". */
const char *kept_file__why(enum kept_why why);

#endif /* TTLOG_KEPT_FILE_H */

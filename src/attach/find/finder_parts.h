/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the finder: finder.c (what it hears, and when it looks), finder_look.c (one
 * file), finder_scan.c (all processes).
 */
#ifndef TTLOG_FINDER_PARTS_H
#define TTLOG_FINDER_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exec_events.h"
#include "file_cache.h"
#include "finder.h"
#include "map_events.h"
#include "marked_files.h"

struct maps_entry;

#define FINDER_KEYS  4u
#define FINDER_LOOKS 256u

/* A file that a process has mapped, to be looked at. */
struct look {
	bool is_used;
	bool is_each; /* the file is known: is the process chosen? */
	uint32_t pid;
	uint64_t start_ns; /* 0: unknown */
	uint64_t address;
	struct find_file file; /* as the report has it; without change time: from map_events */
};

struct finder {
	struct finder_options options;
	struct exec_events *execs;
	struct map_events *maps; /* of the thread */
	struct find_file own;    /* our program: what it starts for itself is not recorded */
	struct work_queue *queue;
	pthread_t thread;
	bool has_thread;
	int stop_fd;
	uint64_t scanned_missed_cnt, swept_ns; /* of the thread */

	pthread_mutex_t lock; /* of what follows; never held while a file is waited for */
	struct file_cache cache;
	struct look looks[FINDER_LOOKS];
	uint64_t dropped_cnt; /* there was no place for a look */
	struct finder_counts counts;

	/* One thread at a time attaches, or lets files go. Taken before `lock`. */
	pthread_mutex_t attaching;
	struct marked_files marked;
};

/* Opens and reads the file. */
void finder__look(struct finder *finder, const struct look *look);
/* Lets deleted files go. */
void finder__sweep(struct finder *finder);
/* chosen() is called if chooses() says so. */
void finder__consider(struct finder *finder, pid_t pid, uint64_t start_ns);

/* A file that is open. */
struct found_file {
	int fd;
	char *path;
	struct find_file file;
	enum find_state state; /* FIND_NEW: it has sites, and is to be attached to */
};
/* Takes ownership of fd, which is closed if the state is not FIND_NEW. Leaves the
 * path out of *ret; path: as the process has it. */
void finder__inspect(struct finder *finder, int fd, const char *path, struct found_file *ret);
/* Attaches to files that were inspected and are new. Takes ownership of what is in them. */
void finder__attach(struct finder *finder, struct found_file *files, size_t cnt);
void finder__set(struct finder *finder, const struct find_file *file, enum find_state state);

#endif /* TTLOG_FINDER_PARTS_H */

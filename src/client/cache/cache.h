/* SPDX-License-Identifier: MIT */
/*
 * Files of a fleet on this machine, in a directory of one user: ID.bin, where ID is the SHA-256 of its
 * bytes. A file appears when it is whole and has that hash.
 *
 * Any number of processes use it at once. Each holds a shared lock (flock) on the files that it named, and
 * those are not removed. The lock on the file "lock" is for who removes files, or makes them appear; in it
 * stands how many bytes are taken, at least.
 */
#ifndef TTLOG_CACHE_H
#define TTLOG_CACHE_H

#include <stdint.h>

struct cache {
	int dir_fd, lock_fd;
	uint64_t max_bytes;
};

/* 0 or -errno. */
int cache__open(struct cache *ret, const char *path, uint64_t max_bytes);
void cache__close(struct cache *cache);

/* Whether it is there with so many bytes: a descriptor that keeps it there while it is open; -ENOENT; or
 * -errno. It is then the one that was used last. */
int cache__find(const struct cache *cache, const char *id, uint64_t bytes);

/* A file on its way in. */
struct cache_part {
	char name[32];
	int fd; /* to write to */
	uint64_t bytes;
};

/* Makes room by removing what was not used for the longest time. 0; -ENOSPC: the files in use leave no room
 * for so many bytes; or -errno. */
int cache__begin(const struct cache *cache, struct cache_part *ret, uint64_t bytes);
/* Forgets it. */
void cache__drop(const struct cache *cache, struct cache_part *part);
/* All is written: it appears, unless another process was faster. As cache__find(). */
int cache__publish(const struct cache *cache, struct cache_part *part, const char *id);

#endif /* TTLOG_CACHE_H */

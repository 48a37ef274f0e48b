/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "cache_room.h"

#define ID_DIGITS   64
#define NAME_BYTES  (ID_DIGITS + 8)
#define TAKEN_BYTES 24

int cache__open(struct cache *ret, const char *path, uint64_t max_bytes)
{
	struct cache cache = { .max_bytes = max_bytes };
	int err;

	cache.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (cache.dir_fd < 0)
		return -errno;
	cache.lock_fd =
		openat(cache.dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (cache.lock_fd >= 0) {
		*ret = cache;
		return 0;
	}
	err = -errno;
	(void)close(cache.dir_fd);
	return err;
}

void cache__close(struct cache *cache)
{
	(void)close(cache->lock_fd);
	(void)close(cache->dir_fd);
}

static int lock(const struct cache *cache)
{
	while (flock(cache->lock_fd, LOCK_EX)) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static void unlock(const struct cache *cache)
{
	(void)flock(cache->lock_fd, LOCK_UN);
}

/* ---- how much is taken; under the lock ---- */

/* UINT64_MAX: it is not known. */
static uint64_t read_taken(const struct cache *cache)
{
	char text[TAKEN_BYTES + 1] = "";
	uint64_t bytes;

	if (pread(cache->lock_fd, text, TAKEN_BYTES, 0) <= 0 || !strchr(text, '\n') ||
	    sscanf(text, "%" SCNu64, &bytes) != 1)
		return UINT64_MAX;
	return bytes;
}

static void write_taken(const struct cache *cache, uint64_t bytes)
{
	char text[TAKEN_BYTES];
	const int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", bytes);

	/* if it can't be written, it is counted next time */
	if (ftruncate(cache->lock_fd, 0) || pwrite(cache->lock_fd, text, (size_t)len, 0) != len)
		(void)ftruncate(cache->lock_fd, 0);
}

static int reserve(const struct cache *cache, uint64_t bytes)
{
	uint64_t taken = read_taken(cache);
	int err = 0;

	if (bytes > cache->max_bytes)
		return -ENOSPC;
	if (taken > cache->max_bytes - bytes)
		err = cache_room__make(cache->dir_fd, cache->max_bytes, bytes, &taken);
	if (!err && taken > cache->max_bytes - bytes)
		err = -ENOSPC;
	if (!err || err == -ENOSPC)
		write_taken(cache, taken + (err ? 0 : bytes));
	return err;
}

/* ---- files ---- */

static void name_file(char ret[NAME_BYTES], const char *id)
{
	(void)snprintf(ret, NAME_BYTES, "%.64s.bin", id);
}

/* Under the lock: between opening and locking it could be removed. */
static int find(const struct cache *cache, const char *id, uint64_t bytes)
{
	char name[NAME_BYTES];
	struct stat status;
	int fd, err;

	name_file(name, id);
	fd = openat(cache->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && (uint64_t)status.st_size == bytes &&
	    !flock(fd, LOCK_SH | LOCK_NB)) {
		(void)futimens(fd, NULL);
		return fd;
	}
	/* as after a crash of the machine: it is fetched again */
	err = unlinkat(cache->dir_fd, name, 0) ? -errno : -ENOENT;
	(void)close(fd);
	return err;
}

int cache__find(const struct cache *cache, const char *id, uint64_t bytes)
{
	const int err = lock(cache);
	int fd;

	if (err)
		return err;
	fd = find(cache, id, bytes);
	unlock(cache);
	return fd;
}

static int make_part(const struct cache *cache, struct cache_part *ret, uint64_t bytes)
{
	struct cache_part part = { .bytes = bytes };
	uint64_t random;
	int err;

	randombytes_buf(&random, sizeof(random));
	(void)snprintf(part.name, sizeof(part.name), CACHE_ROOM_PART "%016" PRIx64, random);
	part.fd = openat(cache->dir_fd, part.name,
			 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (part.fd < 0)
		return -errno;
	/* so that others see that somebody writes it, and what it takes */
	if (flock(part.fd, LOCK_SH | LOCK_NB) || ftruncate(part.fd, (off_t)bytes)) {
		err = -errno;
		(void)close(part.fd);
		(void)unlinkat(cache->dir_fd, part.name, 0);
		return err;
	}
	*ret = part;
	return 0;
}

int cache__begin(const struct cache *cache, struct cache_part *ret, uint64_t bytes)
{
	int err = lock(cache);

	if (err)
		return err;
	err = reserve(cache, bytes);
	if (!err)
		err = make_part(cache, ret, bytes);
	unlock(cache);
	return err;
}

static void drop(const struct cache *cache, const struct cache_part *part)
{
	const uint64_t taken = read_taken(cache);

	(void)unlinkat(cache->dir_fd, part->name, 0);
	(void)close(part->fd);
	if (taken != UINT64_MAX && taken >= part->bytes)
		write_taken(cache, taken - part->bytes);
}

void cache__drop(const struct cache *cache, struct cache_part *part)
{
	if (lock(cache)) {
		(void)close(part->fd);
		return; /* who makes room removes it */
	}
	drop(cache, part);
	unlock(cache);
}

int cache__publish(const struct cache *cache, struct cache_part *part, const char *id)
{
	char name[NAME_BYTES];
	int fd, err = fsync(part->fd) ? -errno : lock(cache);

	if (err) {
		cache__drop(cache, part);
		return err;
	}
	name_file(name, id);
	fd = find(cache, id, part->bytes);
	if (fd == -ENOENT && !renameat(cache->dir_fd, part->name, cache->dir_fd, name)) {
		unlock(cache);
		return part->fd;
	}
	if (fd == -ENOENT)
		fd = -errno;
	drop(cache, part);
	unlock(cache);
	return fd;
}

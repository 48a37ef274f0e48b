/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "cache_room.h"

#define NAME_BYTES (64 + 8)

struct entry {
	char name[NAME_BYTES];
	struct timespec used;
	uint64_t bytes;
};

struct entries {
	struct entry *items;
	size_t cnt, cap;
};

/* Of ours; others' files are left alone. */
static bool is_ours(const char *name)
{
	const size_t len = strlen(name);

	return len < NAME_BYTES && (!strncmp(name, CACHE_ROOM_PART, strlen(CACHE_ROOM_PART)) ||
				    (len == 68 && !strcmp(name + 64, ".bin")));
}

static int add(struct entries *entries, int dir_fd, const char *name)
{
	struct stat status;
	struct entry *entry;

	if (!is_ours(name) || fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(status.st_mode))
		return 0;
	if (array__reserve(entries->items, entries->cnt + 1, &entries->cap))
		return -ENOMEM;
	entry = &entries->items[entries->cnt++];
	(void)strcpy(entry->name, name);
	entry->used = status.st_mtim;
	entry->bytes = (uint64_t)status.st_size;
	return 0;
}

static int list(struct entries *entries, int dir_fd)
{
	const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *at;
	int err = 0;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	while (!err && (at = readdir(dir)))
		err = add(entries, dir_fd, at->d_name);
	(void)closedir(dir);
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct timespec *left = &((const struct entry *)a)->used;
	const struct timespec *right = &((const struct entry *)b)->used;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return (left->tv_nsec > right->tv_nsec) - (left->tv_nsec < right->tv_nsec);
}

/* Returns whether it is gone: a process that uses it holds a lock. */
static bool remove_unused(int dir_fd, const char *name)
{
	const int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool is_gone;

	if (fd < 0)
		return errno == ENOENT;
	is_gone = !flock(fd, LOCK_EX | LOCK_NB) && !unlinkat(dir_fd, name, 0);
	(void)close(fd);
	return is_gone;
}

int cache_room__make(int dir_fd, uint64_t max_bytes, uint64_t bytes, uint64_t *ret_taken)
{
	const uint64_t slack = max_bytes / 16;
	uint64_t taken = 0, most = max_bytes - bytes;
	struct entries entries = { .cnt = 0 };
	const int err = list(&entries, dir_fd);

	most -= most > slack ? slack : 0;
	for (size_t i = 0; i < entries.cnt; i++)
		taken += entries.items[i].bytes;
	if (!err && entries.cnt)
		qsort(entries.items, entries.cnt, sizeof(*entries.items), compare);
	for (size_t i = 0; !err && i < entries.cnt && taken > most; i++) {
		if (remove_unused(dir_fd, entries.items[i].name))
			taken -= entries.items[i].bytes;
	}
	free(entries.items);
	*ret_taken = taken;
	return err;
}

/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "retain.h"

#define TIME_DIGITS 17u /* YYYYMMDDHHMMSSmmm */
#define NS_PER_S    1000000000ll
#define STEP_NS     1000
/* The coarsest modification times are FAT's. */
#define MAX_STEP_NS (2 * NS_PER_S)

struct retained {
	char *name;
	const char *time; /* in name */
	uint64_t bytes;
	int64_t order; /* its modification time, nanoseconds */
	unsigned rank; /* by its reason: the lower ones go first */
};

struct retained_list {
	struct retained *files;
	size_t cnt, capacity;
	uint64_t bytes;
};

/* The time in a snapshot's name; NULL: it is no such name. */
static const char *find_time(const char *name)
{
	static const char prefix[] = "ttlog-", suffix[] = ".bin", digits[] = "0123456789";
	const size_t len = strlen(name);
	const char *time;
	size_t pid_len;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return NULL;
	pid_len = strspn(name + strlen(prefix), digits);
	time = name + strlen(prefix) + pid_len + 1;
	if (!pid_len || time[-1] != '-' || strspn(time, digits) != TIME_DIGITS)
		return NULL;
	if (time[TIME_DIGITS] != '-' || time + TIME_DIGITS + 1 + strlen(suffix) >= name + len ||
	    strcmp(name + len - strlen(suffix), suffix) != 0)
		return NULL;
	return time;
}

static int64_t order_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

/* Made by request: its reason may be any text. */
#define RANK_REQUESTED 1

/* reason: of a snapshot's name, with the suffix. */
static unsigned rank_of(const char *reason)
{
	static const struct {
		const char *reason;
		unsigned rank;
	} ranks[] = {
		{ "timer.bin", 0 },
		{ "killed.bin", 2 },
		{ "recovered.bin", 2 }, /* of a process that may have crashed */
		{ "crash.bin", 3 },
	};

	for (size_t i = 0; i < sizeof(ranks) / sizeof(*ranks); i++) {
		if (strcmp(reason, ranks[i].reason) == 0)
			return ranks[i].rank;
	}
	return RANK_REQUESTED;
}

static int add_file(struct retained_list *list, const char *name, const struct stat *st)
{
	char *copy;

	if (array__reserve(list->files, list->cnt + 1, &list->capacity))
		return -ENOMEM;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	list->files[list->cnt++] = (struct retained){
		.name = copy,
		.time = find_time(copy),
		.bytes = (uint64_t)st->st_size,
		.order = order_of(st),
		.rank = rank_of(find_time(copy) + TIME_DIGITS + 1),
	};
	list->bytes += (uint64_t)st->st_size;
	return 0;
}

static int list_files(DIR *dir, struct retained_list *list)
{
	struct dirent *entry;
	struct stat st;
	int err;

	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (!find_time(entry->d_name))
			continue;
		/* it may be gone by now; and a link was not made by us */
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		err = add_file(list, entry->d_name, &st);
		if (err)
			return err;
	}
	return -errno;
}

/* The file that goes first is less. */
static int compare_worth(const void *a, const void *b)
{
	const struct retained *older = a, *newer = b;
	int order = strncmp(older->time, newer->time, TIME_DIGITS);

	if (older->rank != newer->rank)
		return older->rank < newer->rank ? -1 : 1;
	if (older->order != newer->order)
		return older->order < newer->order ? -1 : 1;
	return order ? order : strcmp(older->name, newer->name);
}

static void free_files(struct retained_list *list)
{
	for (size_t i = 0; i < list->cnt; i++)
		free(list->files[i].name);
	free(list->files);
}

/* 0 or -errno; free the list after both. */
static int read_dir(int dir_fd, struct retained_list *list)
{
	/* a descriptor of its own, because readdir() moves its position and closedir() closes it */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	err = list_files(dir, list);
	(void)closedir(dir);
	return err;
}

static bool is_too_much(const struct retained_list *list, size_t gone, size_t max_files,
			uint64_t max_bytes)
{
	return (max_files && list->cnt - gone > max_files) ||
	       (max_bytes && list->bytes > max_bytes);
}

static int delete_first(int dir_fd, struct retained_list *list, size_t max_files,
			uint64_t max_bytes, const char *kept)
{
	size_t gone = 0;
	int err = 0;

	qsort(list->files, list->cnt, sizeof(*list->files), compare_worth);
	for (size_t i = 0; i + 1 < list->cnt; i++) {
		if (!is_too_much(list, gone, max_files, max_bytes))
			break;
		if (kept && strcmp(list->files[i].name, kept) == 0)
			continue;
		if (unlinkat(dir_fd, list->files[i].name, 0) < 0 && errno != ENOENT)
			err = -errno;
		list->bytes -= list->files[i].bytes;
		gone++;
	}
	return err;
}

int retain__apply(int dir_fd, size_t max_files, uint64_t max_bytes, const char *kept)
{
	struct retained_list list = { 0 };
	int err;

	if (!max_files && !max_bytes)
		return 0;
	err = read_dir(dir_fd, &list);
	if (!err && list.cnt)
		err = delete_first(dir_fd, &list, max_files, max_bytes, kept);
	free_files(&list);
	return err;
}

/* Sets the modification time, and returns what the file system made of it. */
static int set_order(int fd, int64_t order, int64_t *ret_order)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = order / NS_PER_S, .tv_nsec = order % NS_PER_S },
	};
	struct stat st;

	if (futimens(fd, times) || fstat(fd, &st))
		return -errno;
	*ret_order = order_of(&st);
	return 0;
}

int retain__make_newest(int dir_fd, int fd)
{
	struct retained_list list = { 0 };
	int64_t newest = 0, order;
	struct stat st;
	int err = read_dir(dir_fd, &list);

	for (size_t i = 0; i < list.cnt; i++) {
		if (list.files[i].order > newest)
			newest = list.files[i].order;
	}
	free_files(&list);
	if (!err && fstat(fd, &st))
		err = -errno;
	if (err || order_of(&st) > newest)
		return err;
	err = set_order(fd, newest + STEP_NS, &order);
	return err || order > newest ? err : set_order(fd, newest + MAX_STEP_NS, &order);
}

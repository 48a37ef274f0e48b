/* SPDX-License-Identifier: MIT */
/*
 * Which snapshots stay in a directory: the newest ones, by the time in their names.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot.h"

#define TIME_DIGITS 17u /* YYYYMMDDHHMMSSmmm */

struct retained {
	char *name;
	const char *time; /* in name */
	uint64_t bytes;
};

struct retained_list {
	struct retained *files;
	size_t cnt, capacity;
	uint64_t bytes;
};

/* Where the time stands in a snapshot's name; NULL where it is none. */
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

static int add_file(struct retained_list *list, const char *name, uint64_t bytes)
{
	struct retained *grown;
	char *copy;

	if (list->cnt == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;

		grown = reallocarray(list->files, capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->files = grown;
		list->capacity = capacity;
	}
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	list->files[list->cnt++] =
		(struct retained){ .name = copy, .time = find_time(copy), .bytes = bytes };
	list->bytes += bytes;
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
		/* it may have gone meanwhile; and a link is nothing that we made */
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		err = add_file(list, entry->d_name, (uint64_t)st.st_size);
		if (err)
			return err;
	}
	return -errno;
}

static int compare_age(const void *a, const void *b)
{
	const struct retained *older = a, *newer = b;
	int order = strncmp(older->time, newer->time, TIME_DIGITS);

	return order ? order : strcmp(older->name, newer->name);
}

static bool is_too_much(const struct retained_list *list, size_t gone, size_t max_files,
			uint64_t max_bytes)
{
	return (max_files && list->cnt - gone > max_files) ||
	       (max_bytes && list->bytes > max_bytes);
}

static int delete_oldest(int dir_fd, struct retained_list *list, size_t max_files,
			 uint64_t max_bytes)
{
	int err = 0;

	qsort(list->files, list->cnt, sizeof(*list->files), compare_age);
	for (size_t i = 0; i + 1 < list->cnt; i++) {
		if (!is_too_much(list, i, max_files, max_bytes))
			break;
		if (unlinkat(dir_fd, list->files[i].name, 0) < 0 && errno != ENOENT)
			err = -errno;
		list->bytes -= list->files[i].bytes;
	}
	return err;
}

int snapshot__retain(int dir_fd, size_t max_files, uint64_t max_bytes)
{
	/* a directory stream of its own: it moves the position and closes the descriptor */
	struct retained_list list = { 0 };
	DIR *dir;
	int fd, err;

	if (!max_files && !max_bytes)
		return 0;
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	err = list_files(dir, &list);
	if (!err && list.cnt)
		err = delete_oldest(dir_fd, &list, max_files, max_bytes);
	for (size_t i = 0; i < list.cnt; i++)
		free(list.files[i].name);
	free(list.files);
	(void)closedir(dir);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, and the ways to its files. The process is hostile: at any moment it may rename,
 * replace and unlink the files that it runs, and put a fifo or a symbolic link in their place.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "array.h"
#include "maps.h"
#include "process_files.h"

#define DELETED            " (deleted)"
#define FIRST_BUFFER_BYTES 16384u

/* The kernel writes a newline in a path as \012 and leaves all else as it is. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		if (!strncmp(from, "\\012", 4)) {
			*to = '\n';
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = 0;
}

static bool parse_entry(const char *line, struct maps_entry *ret_entry)
{
	unsigned int dev_major, dev_minor;
	char rights[5];
	int at = 0;

	*ret_entry = (struct maps_entry){ .path = NULL };
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n",
		   &ret_entry->start, &ret_entry->end, rights, &ret_entry->offset, &dev_major,
		   &dev_minor, &ret_entry->inode, &at) != 7 ||
	    strlen(rights) != 4 || ret_entry->end <= ret_entry->start)
		return false;
	ret_entry->dev = makedev(dev_major, dev_minor);
	ret_entry->readable = rights[0] == 'r';
	ret_entry->writable = rights[1] == 'w';
	ret_entry->executable = rights[2] == 'x';
	while (line[at] == ' ')
		at++;
	ret_entry->path = strdup(line + at);
	return true;
}

static void finish_path(struct maps_entry *entry)
{
	size_t len = strlen(entry->path), suffix = strlen(DELETED);

	if (entry->inode && len > suffix && !strcmp(entry->path + len - suffix, DELETED)) {
		entry->path[len - suffix] = 0;
		entry->deleted = true;
	}
	unescape(entry->path);
}

struct maps *maps__parse(const char *text, size_t len)
{
	struct maps *maps = calloc(1, sizeof(*maps));
	struct maps_entry entry;
	size_t cap = 0;

	while (maps && len) {
		const char *newline = memchr(text, '\n', len);
		size_t bytes = newline ? (size_t)(newline - text) : len;
		char *line = strndup(text, bytes);
		bool parsed;

		if (!line)
			goto fail;
		parsed = parse_entry(line, &entry);
		free(line);
		if (parsed) {
			if (!entry.path)
				goto fail;
			finish_path(&entry);
			if (array__reserve(maps->entries, maps->cnt + 1, &cap)) {
				free(entry.path);
				goto fail;
			}
			maps->entries[maps->cnt++] = entry;
		}
		bytes += newline != NULL;
		text += bytes;
		len -= bytes;
	}
	return maps;

fail:
	maps__free(maps);
	errno = ENOMEM;
	return NULL;
}

/* All of a file of unknown size; EFBIG: it has `max` bytes or more. */
static char *read_all(int fd, size_t max, size_t *ret_len)
{
	size_t capacity = FIRST_BUFFER_BYTES, len = 0;
	char *text = malloc(capacity), *more;
	ssize_t got;

	while (text) {
		got = read(fd, text + len, capacity - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		if (!got) {
			*ret_len = len;
			return text;
		}
		len += (size_t)got;
		if (len >= max) {
			errno = EFBIG;
			break;
		}
		if (len < capacity)
			continue;
		more = realloc(text, capacity * 2);
		if (!more)
			break;
		text = more;
		capacity *= 2;
	}
	free(text);
	return NULL;
}

struct maps *maps__read_at_most(pid_t pid, size_t bytes)
{
	struct maps *maps;
	char path[32], *text;
	size_t len;
	int fd, err;

	snprintf(path, sizeof(path), "%d/maps", (int)pid);
	fd = process_files__open_proc(path);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	text = read_all(fd, bytes, &len);
	err = errno;
	close(fd);
	if (!text) {
		errno = err;
		return NULL;
	}
	maps = maps__parse(text, len);
	free(text);
	return maps;
}

/* Another thread that has the process's memory, or 0; for when the first one has failed. */
static pid_t find_other(pid_t pid)
{
	pid_t living = pid ? (pid_t)process_files__living_thread((uint32_t)pid) : 0;

	return living == pid ? 0 : living;
}

struct maps *maps__read(pid_t pid)
{
	struct maps *maps = maps__read_at_most(pid ? pid : getpid(), SIZE_MAX);
	pid_t other = maps && !maps->cnt ? find_other(pid) : 0;

	if (!other)
		return maps;
	maps__free(maps);
	return maps__read_at_most(other, SIZE_MAX);
}

void maps__free(struct maps *maps)
{
	if (!maps)
		return;
	for (size_t i = 0; i < maps->cnt; i++)
		free(maps->entries[i].path);
	free(maps->entries);
	free(maps);
}

const struct maps_entry *maps__find(const struct maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->entries[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == maps->cnt || address < maps->entries[low].start)
		return NULL;
	return &maps->entries[low];
}

/* Maps the file into this process, to see how the kernel shows it in maps(5). */
static bool maps_as(int fd, const struct maps_entry *entry)
{
	const struct maps_entry *found;
	struct maps *own;
	bool same;
	void *at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return false;
	own = maps__read(0);
	found = own ? maps__find(own, (uintptr_t)at) : NULL;
	same = found && found->inode == entry->inode && found->dev == entry->dev;
	maps__free(own);
	munmap(at, 1);
	return same;
}

/* Takes ownership of fd. -ESTALE: it is not the entry's file. */
static int check(int fd, const struct maps_entry *entry)
{
	struct stat st;
	int err = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		err = -errno;
	else if ((st.st_dev != entry->dev || st.st_ino != entry->inode) && !maps_as(fd, entry))
		err = -ESTALE;
	if (!err)
		return fd;
	(void)close(fd);
	return err;
}

static int open_as(enum code_place place, pid_t pid, const struct maps_entry *entry,
		   const char *path)
{
	const struct code_file file = {
		.place = place,
		.pid = pid,
		.start = entry->start,
		.end = entry->end,
		.path = path,
	};

	return check(process_files__open_code(&file), entry);
}

/* Tries the path in the process's root, then in ours: maps(5) shows paths outside of its chroot. */
static int open_by_name(pid_t pid, const char *path, const struct maps_entry *entry)
{
	int fd = open_as(CODE_IN_ROOT, pid, entry, path);

	return fd >= 0 ? fd : open_as(CODE_AT_PATH, pid, entry, path);
}

static int open_any_way(pid_t pid, const struct maps_entry *entry)
{
	char path[PATH_MAX + sizeof(DELETED)];
	int err = open_as(CODE_OF_MAPPING, pid, entry, NULL), fd;

	if (err >= 0)
		return err;
	fd = open_as(CODE_OF_PROGRAM, pid, entry, NULL);
	if (fd < 0 && entry->path[0] == '/')
		fd = open_by_name(pid, entry->path, entry);
	if (fd < 0 && entry->path[0] == '/' && entry->deleted) {
		snprintf(path, sizeof(path), "%s" DELETED, entry->path);
		fd = open_by_name(pid, path, entry);
	}
	return fd >= 0 ? fd : err;
}

int maps__open_named(const struct maps_entry *entry)
{
	return entry->inode && entry->path[0] == '/' ? open_as(CODE_AT_PATH, 0, entry, entry->path)
						     : -ENOENT;
}

int maps__open(pid_t pid, const struct maps_entry *entry)
{
	pid_t other;
	int fd;

	if (!entry->inode)
		return -ENODEV;
	fd = open_any_way(pid ? pid : getpid(), entry);
	other = fd < 0 ? find_other(pid) : 0;
	return other ? open_any_way(other, entry) : fd;
}

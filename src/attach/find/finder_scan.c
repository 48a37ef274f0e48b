/* SPDX-License-Identifier: MIT */
/*
 * One look at all processes: at the start, and after reports were lost. Each file is opened once,
 * however many processes have it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "finder_parts.h"
#include "hash_table.h"
#include "maps.h"

/* A file by its numbers in maps(5). */
struct scanned {
	dev_t dev;
	uint64_t inode;
	enum find_state state;
};

struct scan {
	struct finder *finder;
	struct hash_table table; /* of `files` */
	struct scanned *files;
	size_t cnt, cap;
	struct found_file *found; /* to be attached to */
	size_t found_cnt, found_cap;
};

static uint64_t hash(const struct scanned *file)
{
	return (file->inode ^ (uint64_t)file->dev << 40) * 0x9e3779b97f4a7c15ull;
}

struct wanted {
	const struct scan *scan;
	const struct scanned *file;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted *wanted = ctx;
	const struct scanned *file = &wanted->scan->files[number];

	return file->inode == wanted->file->inode && file->dev == wanted->file->dev;
}

/* FIND_KNOWN: there is nothing more to do, also if it can't be read. */
static enum find_state open_new(struct scan *scan, pid_t pid, const struct maps_entry *entry)
{
	int fd = maps__open(pid, entry);
	struct found_file found;

	if (fd < 0)
		return FIND_KNOWN;
	finder__inspect(scan->finder, fd, entry->path, &found);
	if (found.state != FIND_NEW)
		return found.state;
	found.path = strdup(entry->path);
	if (found.path && !array__reserve(scan->found, scan->found_cnt + 1, &scan->found_cap)) {
		scan->found[scan->found_cnt++] = found;
		return FIND_KNOWN;
	}
	free(found.path);
	(void)close(found.fd);
	return FIND_KNOWN;
}

/* Without memory, a file is opened once more. */
static enum find_state state_of(struct scan *scan, pid_t pid, const struct maps_entry *entry)
{
	struct scanned file = { .dev = entry->dev, .inode = entry->inode };
	const struct wanted wanted = { scan, &file };
	uint32_t number = hash_table__find(&scan->table, hash(&file), is_wanted, &wanted);

	if (number != HASH_TABLE_NONE)
		return scan->files[number].state;
	file.state = open_new(scan, pid, entry);
	if (!array__reserve(scan->files, scan->cnt + 1, &scan->cap) &&
	    !hash_table__add(&scan->table, hash(&file), (uint32_t)scan->cnt))
		scan->files[scan->cnt++] = file;
	return file.state;
}

static void look_at_process(struct scan *scan, pid_t pid)
{
	struct maps *maps = maps__read(pid);
	bool has_sites = false;

	for (size_t i = 0; maps && i < maps->cnt; i++) {
		const struct maps_entry *entry = &maps->entries[i];

		if (entry->executable && entry->inode)
			has_sites |= state_of(scan, pid, entry) == FIND_EACH;
	}
	maps__free(maps);
	if (has_sites)
		finder__consider(scan->finder, pid, 0);
}

static int look_at_all(struct scan *scan)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		pid_t pid = (pid_t)strtoul(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			look_at_process(scan, pid);
	}
	(void)closedir(dir);
	return 0;
}

int finder__scan(struct finder *finder)
{
	struct scan scan = { .finder = finder };
	int err;

	pthread_mutex_lock(&finder->lock);
	finder->counts.scan_cnt++;
	pthread_mutex_unlock(&finder->lock);
	err = look_at_all(&scan);
	if (scan.found_cnt)
		finder__attach(finder, scan.found, scan.found_cnt);
	hash_table__fini(&scan.table);
	free(scan.files);
	free(scan.found);
	return err;
}

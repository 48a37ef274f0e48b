/* SPDX-License-Identifier: MIT */
/*
 * Files are known by their numbers in maps(5). The descriptor keeps the inode, so that no other
 * file gets its number, and tells whether the file was written over since.
 */
#include "linkers.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "kernel_link.h"
#include "links.h"
#include "maps.h"
#include "module.h"

/* Each file keeps a descriptor and a link. */
#define LINKERS_MAX_FOR_ALL 64

struct linkers_file {
	pid_t filter;
	dev_t dev; /* as maps shows it */
	uint64_t inode;
	int fd;
	struct stat status;
	struct linker offsets; /* addresses, if the linker's header is at 0 */
	struct kernel_link *link;
	/* with the lock: threads that use it; it is out of the list, and the last of these frees it */
	unsigned int user_cnt;
	bool is_dropped;
	struct linkers_file *next;
};

void linkers__init(struct linkers *linkers)
{
	*linkers = (struct linkers){ 0 };
	pthread_mutex_init(&linkers->lock, NULL);
}

static void free_file(struct linkers_file *file)
{
	(void)close(file->fd);
	free(file);
}

static void remove_first(struct linkers_file **at, struct leaving *leaving)
{
	struct linkers_file *file = *at;

	*at = file->next;
	leaving__add(leaving, &file->link);
	file->is_dropped = true;
	if (!file->user_cnt)
		free_file(file);
}

/* After find_file() or add_file(). Whether it is linked. */
static bool put_file(struct linkers *linkers, struct linkers_file *file)
{
	bool is_last, is_linked;

	pthread_mutex_lock(&linkers->lock);
	is_linked = file->link;
	is_last = !--file->user_cnt && file->is_dropped;
	pthread_mutex_unlock(&linkers->lock);
	if (is_last)
		free_file(file);
	return is_linked;
}

void linkers__fini(struct linkers *linkers, struct leaving *leaving)
{
	while (linkers->first)
		remove_first(&linkers->first, leaving);
	pthread_mutex_destroy(&linkers->lock);
}

void linkers__drop(struct linkers *linkers, pid_t filter, struct leaving *leaving)
{
	struct linkers_file **at = &linkers->first;

	pthread_mutex_lock(&linkers->lock);
	while (*at) {
		if (filter && (*at)->filter == filter)
			remove_first(at, leaving);
		else
			at = &(*at)->next;
	}
	pthread_mutex_unlock(&linkers->lock);
}

/* Locked. */
static bool is_for_all(const struct linkers *linkers, const struct linkers_file *own)
{
	const struct linkers_file *file = linkers->first;

	while (file && (file->filter || file->inode != own->inode || file->dev != own->dev))
		file = file->next;
	return file && file->link;
}

void linkers__share(struct linkers *linkers, struct leaving *leaving)
{
	struct linkers_file **at = &linkers->first;

	pthread_mutex_lock(&linkers->lock);
	while (*at) {
		if ((*at)->filter && is_for_all(linkers, *at))
			remove_first(at, leaving);
		else
			at = &(*at)->next;
	}
	pthread_mutex_unlock(&linkers->lock);
}

static bool is_unchanged(const struct linkers_file *file)
{
	struct stat now;

	return fstat(file->fd, &now) == 0 && module__is_same_file(&file->status, &now);
}

/* The latest entry of a file: a file that was written over has several. */
static struct linkers_file *find_file(struct linkers *linkers, pid_t filter,
				      const struct maps_entry *entry)
{
	struct linkers_file *file;

	pthread_mutex_lock(&linkers->lock);
	file = linkers->first;
	while (file &&
	       (file->filter != filter || file->inode != entry->inode || file->dev != entry->dev))
		file = file->next;
	if (file)
		file->user_cnt++;
	pthread_mutex_unlock(&linkers->lock);
	if (!file || is_unchanged(file))
		return file;
	(void)put_file(linkers, file);
	return NULL;
}

/* Missing addresses stay 0. */
static struct linker move(const struct linker *linker, uint64_t by)
{
	return (struct linker){
		.notify = linker->notify + by,
		.debug = linker->debug ? linker->debug + by : 0,
		.debug_pointer = linker->debug_pointer ? linker->debug_pointer + by : 0,
	};
}

static struct kernel_link *hook(struct kernel *kernel, pid_t filter, int fd,
				const struct maps_entry *entry, const struct linker *linker)
{
	const unsigned long offset = linker->notify - entry->start + entry->offset;
	const struct kernel_places places = { .fd = fd, .offsets = &offset, .cnt = 1 };
	const uint64_t to_debug = linker->debug ? linker->debug - linker->notify : 0;

	return kernel__link(kernel, KERNEL_LIBRARY, &places, to_debug, filter);
}

/* False: it could not be recognised later. */
static bool open_file(struct linkers_file *file, pid_t pid, const struct maps_entry *entry)
{
	file->fd = maps__open(pid, entry);
	if (file->fd < 0)
		return false;
	if (fstat(file->fd, &file->status)) {
		(void)close(file->fd);
		return false;
	}
	file->dev = entry->dev;
	file->inode = entry->inode;
	return true;
}

/* Bounds the number of files: a hostile program, or one in development, may bring many. */
static bool may_add(struct linkers *linkers, pid_t filter)
{
	bool may = true;

	pthread_mutex_lock(&linkers->lock);
	if (!filter)
		may = linkers->for_all_cnt++ < LINKERS_MAX_FOR_ALL;
	pthread_mutex_unlock(&linkers->lock);
	return may;
}

/* NULL: as open_file(), or there are too many. */
static struct linkers_file *add_file(struct linkers *linkers, struct kernel *kernel, pid_t filter,
				     pid_t pid, const struct maps_entry *header,
				     const struct maps_entry *code, const struct linker *linker)
{
	struct linkers_file *file;

	if (!header || !code || header->inode != code->inode || header->dev != code->dev)
		return NULL;
	file = may_add(linkers, filter) ? calloc(1, sizeof(*file)) : NULL;
	if (!file)
		return NULL;
	if (!open_file(file, pid, code)) {
		free(file);
		return NULL;
	}
	file->filter = filter;
	file->user_cnt = 1;
	file->offsets = move(linker, -header->start);
	file->link = hook(kernel, filter, file->fd, code, linker);
	pthread_mutex_lock(&linkers->lock);
	file->next = linkers->first;
	linkers->first = file;
	pthread_mutex_unlock(&linkers->lock);
	return file;
}

int linkers__find(struct linkers *linkers, struct kernel *kernel, pid_t filter, pid_t pid,
		  const struct maps *maps, struct linker *ret_linker, bool *ret_hooked)
{
	const struct maps_entry *entry;
	struct linkers_file *file;
	struct linker linker;
	uint64_t header;
	int err = linker__find_header(pid, &header);

	if (err)
		return err;
	entry = maps__find(maps, header);
	file = entry ? find_file(linkers, filter, entry) : NULL;
	if (file) {
		linker = move(&file->offsets, entry->start);
	} else {
		err = linker__find(pid, maps, &linker);
		if (err)
			return err;
		file = add_file(linkers, kernel, filter, pid, entry,
				maps__find(maps, linker.notify), &linker);
	}
	*ret_linker = linker;
	*ret_hooked = file && put_file(linkers, file);
	return 0;
}

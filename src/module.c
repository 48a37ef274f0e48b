/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf.h"
#include "journal.h"
#include "module.h"
#include "select.h"
#include "site.h"

/* Files without sites that are kept open for the names in them: descriptors are not endless. */
#define MODULES_MAX_KEPT 1024

void modules__fini(struct modules *modules)
{
	for (uint32_t i = 1; i < modules->end; i++) {
		struct module *module = modules->by_number[i];

		site_table__free(module->table);
		if (module->fd >= 0)
			(void)close(module->fd);
		free(module->path);
		free(module);
	}
	free(modules->by_number);
}

static bool is_module(const struct module *module, const struct stat *file)
{
	return module->dev == file->st_dev && module->inode == file->st_ino &&
	       module->size == file->st_size && module->changed.tv_sec == file->st_ctim.tv_sec &&
	       module->changed.tv_nsec == file->st_ctim.tv_nsec;
}

static int grow(struct modules *modules)
{
	uint32_t cap = modules->cap ? modules->cap * 2 : 32;
	struct module **by_number;

	if (modules->end < modules->cap)
		return 0;
	by_number = reallocarray(modules->by_number, cap, sizeof(struct module *));
	if (!by_number)
		return -ENOMEM;
	if (!modules->end)
		by_number[modules->end++] = NULL;
	modules->by_number = by_number;
	modules->cap = cap;
	return 0;
}

static size_t count_enabled(const struct selection *selection, const struct site_table *table)
{
	size_t cnt = 0;

	for (size_t i = 0; i < table->cnt; i++)
		cnt += selection__matches(selection, &table->sites[i]);
	return cnt;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void note_mapping(struct module *module, const struct mapped_file *file)
{
	if (!file->entry)
		return;
	module->map_dev = file->entry->dev;
	module->map_inode = file->entry->inode;
}

/* Whether its descriptor is worth having: for sites always, for names in crash reports within
 * bounds. */
static bool keeps_file(struct modules *modules, const struct site_table *table)
{
	if (!table)
		return false;
	return table->has_module || (table->build_id[0] && modules->kept_cnt++ < MODULES_MAX_KEPT);
}

int64_t modules__find(struct modules *modules, const struct mapped_file *file,
		      const struct selection *selection, struct journal *journal)
{
	struct module *module;
	struct stat status;

	if (fstat(file->fd, &status))
		return -errno;
	for (uint32_t i = 1; i < modules->end; i++) {
		if (!is_module(modules->by_number[i], &status))
			continue;
		note_mapping(modules->by_number[i], file);
		return i;
	}
	if (grow(modules))
		return -ENOMEM;
	module = calloc(1, sizeof(*module));
	if (!module)
		return -ENOMEM;
	module->path = strdup(file->path);
	module->table = elf__read_sites(file->fd, base_name(file->path));
	if (!module->path || (!module->table && errno != ENOEXEC)) {
		int err = -errno;

		free(module->path);
		free(module);
		return err;
	}
	module->dev = status.st_dev;
	module->inode = status.st_ino;
	module->size = status.st_size;
	module->changed = status.st_ctim;
	module->fd = -1;
	note_mapping(module, file);
	if (module->table && module->table->has_module)
		module->enabled_cnt = count_enabled(selection, module->table);
	if (keeps_file(modules, module->table))
		module->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (journal && module->table && module->table->has_module)
		journal__add_module(journal, modules->end, module->table);
	modules->by_number[modules->end] = module;
	return modules->end++;
}

bool module__looks_for_leaks(struct module *module, int fd)
{
	if (module->leaks == MODULE_UNASKED)
		module->leaks = elf__looks_for_leaks(fd) ? MODULE_LEAKS : MODULE_NO_LEAKS;
	return module->leaks == MODULE_LEAKS;
}

struct module *modules__find_mapped(const struct modules *modules, dev_t dev, uint64_t inode)
{
	/* the latest: a file that was written over has a module for each change */
	for (uint32_t i = modules->end; i-- > 1;) {
		struct module *module = modules->by_number[i];

		if (module->map_inode == inode && module->map_dev == dev)
			return module;
	}
	return NULL;
}

uint32_t modules__find_kept(const struct modules *modules, const struct maps_entry *entry)
{
	for (uint32_t i = modules->end; i-- > 1;) {
		const struct module *module = modules->by_number[i];
		struct stat now;

		if (module->fd >= 0 && module->map_inode == entry->inode &&
		    module->map_dev == entry->dev && fstat(module->fd, &now) == 0 &&
		    is_module(module, &now))
			return i;
	}
	return 0;
}

int modules__open(const struct modules *modules, const char *build_id)
{
	for (uint32_t i = 1; i < modules->end; i++) {
		const struct module *module = modules->by_number[i];
		int fd;

		if (module->fd < 0 || strcmp(module->table->build_id, build_id))
			continue;
		fd = fcntl(module->fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	return -ENOENT;
}

const char *modules__service(const struct modules *modules, const char *build_id)
{
	const char *service = NULL;
	bool is_program = false;

	for (uint32_t i = 1; !is_program && i < modules->end; i++) {
		const struct site_table *table = modules->by_number[i]->table;

		if (!table || !table->cnt)
			continue;
		is_program = build_id[0] && strcmp(table->build_id, build_id) == 0;
		if (!service || is_program)
			service = table->sites[0].service;
	}
	return service;
}

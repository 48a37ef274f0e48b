/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "elf.h"
#include "foreign_sites.h"
#include "journal.h"
#include "module.h"
#include "site_choice.h"
#include "site.h"
#include "stack_places.h"

/* How many files without sites are kept open for their symbols: descriptors are limited. */
#define MODULES_MAX_KEPT     1024
/* So many of the freed numbers are not reused yet. */
#define MODULES_FREE_NUMBERS 1024

void module__free(struct module *module)
{
	if (!module)
		return;
	site_table__free(module->table);
	if (module->fd >= 0)
		(void)close(module->fd);
	free(module->path);
	free(module);
}

void modules__fini(struct modules *modules)
{
	for (uint32_t i = 1; i < modules->end; i++)
		module__free(modules->by_number[i]);
	free(modules->by_number);
	free(modules->free_numbers);
}

/* With the size: a file may change twice in one tick of the clock. */
bool module__is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int grow(struct modules *modules)
{
	if (array__reserve(modules->by_number, modules->end + 1, &modules->cap))
		return -ENOMEM;
	if (!modules->end)
		modules->by_number[modules->end++] = NULL;
	return 0;
}

size_t module__count_enabled(const struct module *module, const struct site_choice *choice)
{
	const struct site_table *table = module->table;
	size_t cnt = 0;

	for (size_t i = 0; i < table->cnt; i++)
		cnt += site_choice__matches(choice, &table->sites[i]);
	return cnt;
}

static void note_mapping(struct module *module, const struct maps_entry *entry)
{
	if (!entry)
		return;
	module->map_dev = entry->dev;
	module->map_inode = entry->inode;
}

struct module *module__read(const struct mapped_file *file, const struct stat *status,
			    const struct site_choice *choice, const struct foreign_probes *foreign,
			    uint8_t stack_from)
{
	struct module *module = calloc(1, sizeof(*module));

	if (!module)
		return NULL;
	module->fd = -1;
	module->journal_place = -1;
	module->path = strdup(file->path);
	module->table = elf__read_sites(file->fd, basename(file->path));
	if (!module->path || (!module->table && errno != ENOEXEC)) {
		int err = errno;

		module__free(module);
		errno = err;
		return NULL;
	}
	module->status = *status;
	note_mapping(module, file->entry);
	if (module->table && foreign) {
		(void)foreign_sites__add(module->table, foreign, file->fd, file->path, NULL);
		if (!module->table->has_module)
			elf__find_start(file->fd, module->table);
	}
	if (module->table)
		(void)stack_places__add(module->table, stack_from, file->fd);
	if (module->table && site_table__has_sites(module->table))
		module->enabled_cnt = module__count_enabled(module, choice);
	if (module->table && (site_table__has_sites(module->table) || module->table->build_id[0]))
		module->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	return module;
}

bool module__is_unchanged(const struct module *module)
{
	struct stat now;

	return module->fd >= 0 && fstat(module->fd, &now) == 0 &&
	       module__is_same_file(&module->status, &now);
}

enum module_leaks module__look_for_leaks(const struct module *module, int fd)
{
	return elf__looks_for_leaks(fd >= 0 ? fd : module->fd) ? MODULE_LEAKS : MODULE_NO_LEAKS;
}

uint32_t modules__find(struct modules *modules, const struct stat *status,
		       const struct maps_entry *entry)
{
	for (uint32_t i = 1; i < modules->end; i++) {
		struct module *module = modules->by_number[i];

		if (!module || !module__is_same_file(&module->status, status))
			continue;
		note_mapping(module, entry);
		return i;
	}
	return 0;
}

/* Files with sites always keep their descriptor; for others, kept for names, there is a limit. */
static void bound_descriptors(struct modules *modules, struct module *module)
{
	if (module->fd < 0 || site_table__has_sites(module->table))
		return;
	if (modules->kept_cnt < MODULES_MAX_KEPT) {
		modules->kept_cnt++;
		return;
	}
	(void)close(module->fd);
	module->fd = -1;
}

/* A number that is free, but was not freed recently; 0: no memory. */
static uint32_t take_number(struct modules *modules)
{
	uint32_t number;

	if (modules->free_cnt <= MODULES_FREE_NUMBERS)
		return grow(modules) ? 0 : modules->end++;
	number = modules->free_numbers[0];
	memmove(modules->free_numbers, modules->free_numbers + 1,
		--modules->free_cnt * sizeof(*modules->free_numbers));
	return number;
}

/* Without memory, the number is never reused. */
static void free_number(struct modules *modules, uint32_t number)
{
	if (!array__reserve(modules->free_numbers, modules->free_cnt + 1, &modules->free_cap))
		modules->free_numbers[modules->free_cnt++] = number;
}

int64_t modules__add(struct modules *modules, struct module *module, struct journal *journal)
{
	uint32_t number = modules__find(modules, &module->status, NULL);

	if (number) {
		module__free(module);
		return number;
	}
	number = take_number(modules);
	if (!number) {
		module__free(module);
		return -ENOMEM;
	}
	bound_descriptors(modules, module);
	if (journal && module->table && site_table__has_sites(module->table))
		module->journal_place =
			site_table__store(module->table, number, journal->modules_fd);
	modules->by_number[number] = module;
	return number;
}

struct module *modules__remove(struct modules *modules, uint32_t number, struct journal *journal)
{
	struct module *module = modules->by_number[number];

	modules->by_number[number] = NULL;
	free_number(modules, number);
	if (module->fd >= 0 && !site_table__has_sites(module->table))
		modules->kept_cnt--;
	if (module->journal_place >= 0)
		journal__drop_module(journal, module->journal_place);
	return module;
}

uint32_t modules__find_mapped(const struct modules *modules, dev_t dev, uint64_t inode)
{
	/* the latest one: a file that was written over has several modules */
	for (uint32_t i = modules->end; i-- > 1;) {
		const struct module *module = modules->by_number[i];

		if (module && module->map_inode == inode && module->map_dev == dev)
			return i;
	}
	return 0;
}

const struct module *modules__find_kept(const struct modules *modules, const char *build_id)
{
	for (uint32_t i = 1; i < modules->end; i++) {
		const struct module *module = modules->by_number[i];

		if (module && module->fd >= 0 && strcmp(module->table->build_id, build_id) == 0)
			return module;
	}
	return NULL;
}

int modules__open(const struct modules *modules, const char *build_id)
{
	const struct module *module = modules__find_kept(modules, build_id);
	int fd = module ? fcntl(module->fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (!module)
		return -ENOENT;
	return fd < 0 ? -errno : fd;
}

/* SPDX-License-Identifier: MIT */
/*
 * The modules that the collector is attached to: holding them, and questions of other rooms. Nothing
 * here waits for a file.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "attach_parts.h"
#include "journal.h"
#include "kernel.h"
#include "links.h"
#include "sched_sites.h"
#include "site.h"
#include "site_choice.h"

static struct module *find_locked(const struct attach *attach, uint32_t number)
{
	return number && number < attach->modules.end ? attach->modules.by_number[number] : NULL;
}

/* ---- the sites of --sched ---- */

static int add_sched(struct attach *attach)
{
	struct module *module = calloc(1, sizeof(*module));
	struct journal *journal = attach->options.journal;
	int64_t number;

	if (!module)
		return -ENOMEM;
	module->fd = -1;
	module->journal_place = -1;
	module->refs = 1;
	module->path = strdup("--sched");
	module->table = sched_sites__new();
	if (!module->path || !module->table) {
		module__free(module);
		return -ENOMEM;
	}
	attach->sched_table = module->table;
	number = modules__add(&attach->modules, module, journal);
	if (number < 0)
		return (int)number;
	attach->sched_module = (uint32_t)number;
	if (journal)
		module->journal_place = site_table__store(attach->sched_table, (uint32_t)number,
							  journal->modules_fd);
	attach__choose_sched(attach, attach->choice);
	return 0;
}

void attach__choose_sched(struct attach *attach, const struct site_choice *choice)
{
	uint32_t on = 0;

	if (!attach->sched_module)
		return;
	if (choice)
		on = sched_sites__on(attach->sched_table, choice);
	kernel__switch_sched_on(attach->options.kernel, on);
	pthread_mutex_lock(&attach->lock);
	find_locked(attach, attach->sched_module)->enabled_cnt = (size_t)__builtin_popcount(on);
	pthread_mutex_unlock(&attach->lock);
}

uint32_t attach__sched_module(const struct attach *attach)
{
	return attach->sched_module;
}

/* ---- all modules ---- */

struct attach *attach__new(const struct attach_options *options)
{
	struct attach *attach = calloc(1, sizeof(*attach));

	if (!attach)
		return NULL;
	attach->options = *options;
	attach->choice = site_choice__new(options->site_filter, options->site_filter);
	if (!attach->choice) {
		free(attach);
		return NULL;
	}
	pthread_mutex_init(&attach->turn, NULL);
	pthread_mutex_init(&attach->lock, NULL);
	linkers__init(&attach->linkers);
	if (options->sched && add_sched(attach)) {
		attach__free(attach);
		errno = ENOMEM;
		return NULL;
	}
	return attach;
}

void attach__free(struct attach *attach)
{
	struct leaving leaving = { 0 };

	if (!attach)
		return;
	leaving = attach->leaving;
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		struct module *module = attach->modules.by_number[i];

		if (!module)
			continue;
		leaving__add_all(&leaving, module->links);
		leaving__add_all(&leaving, module->extra);
	}
	linkers__fini(&attach->linkers, &leaving);
	leaving__close(&leaving);
	modules__fini(&attach->modules);
	site_choice__unref(attach->choice);
	pthread_mutex_destroy(&attach->turn);
	pthread_mutex_destroy(&attach->lock);
	free(attach);
}

struct site_choice *attach__choice(struct attach *attach)
{
	struct site_choice *choice;

	pthread_mutex_lock(&attach->lock);
	choice = site_choice__ref(attach->choice);
	pthread_mutex_unlock(&attach->lock);
	return choice;
}

/* ---- holding modules ---- */

void attach__hold_locked(struct attach *attach, struct module *module)
{
	if (!module->refs++)
		(void)__atomic_fetch_sub(&attach->unused_cnt, 1, __ATOMIC_RELAXED);
	module->was_held = true;
	module->is_unused = false;
}

struct module *attach__module(struct attach *attach, uint32_t number)
{
	struct module *module;

	pthread_mutex_lock(&attach->lock);
	module = find_locked(attach, number);
	pthread_mutex_unlock(&attach->lock);
	return module;
}

bool attach__hold(struct attach *attach, uint32_t number)
{
	struct module *module;

	pthread_mutex_lock(&attach->lock);
	module = find_locked(attach, number);
	if (module)
		attach__hold_locked(attach, module);
	pthread_mutex_unlock(&attach->lock);
	return module;
}

static void release_locked(struct attach *attach, struct module *module)
{
	if (!--module->refs)
		(void)__atomic_fetch_add(&attach->unused_cnt, 1, __ATOMIC_RELAXED);
}

void attach__release(struct attach *attach, const uint32_t *modules, size_t cnt)
{
	pthread_mutex_lock(&attach->lock);
	for (size_t i = 0; i < cnt; i++)
		release_locked(attach, attach->modules.by_number[modules[i]]);
	pthread_mutex_unlock(&attach->lock);
}

void attach__unlink(struct attach *attach, pid_t pid)
{
	struct leaving leaving = { 0 };

	pthread_mutex_lock(&attach->lock);
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		struct module *module = attach->modules.by_number[i];

		if (!module)
			continue;
		links__remove(&module->links, pid, &leaving);
		links__remove(&module->extra, pid, &leaving);
	}
	pthread_mutex_unlock(&attach->lock);
	linkers__drop(&attach->linkers, pid, &leaving);
	leaving__close(&leaving);
}

void attach__forget(struct attach *attach, pid_t pid, const uint32_t *modules, size_t cnt)
{
	pthread_mutex_lock(&attach->lock);
	for (size_t i = 0; i < cnt; i++) {
		struct module *module = attach->modules.by_number[modules[i]];

		links__remove(&module->links, pid, &attach->leaving);
		links__remove(&module->extra, pid, &attach->leaving);
		release_locked(attach, module);
	}
	linkers__drop(&attach->linkers, pid, &attach->leaving);
	__atomic_store_n(&attach->has_leaving, attach->leaving.cnt > 0, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&attach->lock);
}

bool attach__has_unused(struct attach *attach)
{
	return __atomic_load_n(&attach->unused_cnt, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&attach->has_leaving, __ATOMIC_RELAXED);
}

/* ---- questions ---- */

int attach__find_build_id(struct attach *attach, dev_t dev, uint64_t inode, char ret_build_id[41])
{
	const struct module *module;
	uint32_t number;
	int err = -ENOENT;

	pthread_mutex_lock(&attach->lock);
	number = inode ? modules__find_mapped(&attach->modules, dev, inode) : 0;
	module = number ? attach->modules.by_number[number] : NULL;
	/* without a descriptor, the file may be gone, and another one may have its inode number */
	if (module && module->fd >= 0) {
		memcpy(ret_build_id, module->table->build_id, sizeof(module->table->build_id));
		err = 0;
	}
	pthread_mutex_unlock(&attach->lock);
	return err;
}

struct site_table *attach__table(struct attach *attach, uint32_t number)
{
	const struct module *module;
	struct site_table *table = NULL;

	pthread_mutex_lock(&attach->lock);
	module = find_locked(attach, number);
	if (module && module->table)
		table = site_table__ref(module->table);
	pthread_mutex_unlock(&attach->lock);
	return table;
}

int attach__open(struct attach *attach, const char *build_id)
{
	int fd;

	pthread_mutex_lock(&attach->lock);
	fd = modules__open(&attach->modules, build_id);
	pthread_mutex_unlock(&attach->lock);
	return fd;
}

char *attach__path(struct attach *attach, const char *build_id)
{
	const struct module *module;
	char *path;

	pthread_mutex_lock(&attach->lock);
	module = modules__find_kept(&attach->modules, build_id);
	path = module ? strdup(module->path) : NULL;
	pthread_mutex_unlock(&attach->lock);
	return path;
}

bool attach__has_marked(struct attach *attach)
{
	bool has_marked;

	pthread_mutex_lock(&attach->lock);
	has_marked = attach->has_marked;
	pthread_mutex_unlock(&attach->lock);
	return has_marked;
}

size_t attach__enabled_cnt(struct attach *attach, uint32_t number)
{
	const struct module *module;
	size_t cnt;

	pthread_mutex_lock(&attach->lock);
	module = find_locked(attach, number);
	cnt = module ? module->enabled_cnt : 0;
	pthread_mutex_unlock(&attach->lock);
	return cnt;
}

size_t attach__enabled_in(struct attach *attach, uint32_t number, pid_t pid)
{
	const struct module *module;
	const struct links *extra, *own;
	size_t cnt;

	pthread_mutex_lock(&attach->lock);
	module = find_locked(attach, number);
	extra = module ? links__find(module->extra, pid) : NULL;
	own = module ? links__find(module->links, pid) : NULL;
	cnt = own && own->base ? own->site_cnt + own->foreign_cnt
	      : module         ? module->enabled_cnt
			       : 0;
	cnt += extra ? extra->site_cnt + extra->foreign_cnt : 0;
	pthread_mutex_unlock(&attach->lock);
	return cnt;
}

size_t attach__site_cnt(struct attach *attach, uint32_t number)
{
	const struct module *module;
	size_t cnt;

	pthread_mutex_lock(&attach->lock);
	module = find_locked(attach, number);
	cnt = module && module->table ? module->table->cnt : 0;
	pthread_mutex_unlock(&attach->lock);
	return cnt;
}

char *attach__service(struct attach *attach, const char *build_id, const uint32_t *modules,
		      size_t cnt)
{
	const char *service = NULL;
	bool is_program = false;
	char *copy = NULL;

	pthread_mutex_lock(&attach->lock);
	for (size_t i = 0; !is_program && i < cnt; i++) {
		const struct module *module = find_locked(attach, modules[i]);
		const struct site_table *table = module ? module->table : NULL;

		if (!table || !table->cnt)
			continue;
		is_program = build_id[0] && strcmp(table->build_id, build_id) == 0;
		if (!service || !service[0] || is_program)
			service = table->sites[0].service;
	}
	if (service && service[0])
		copy = strdup(service);
	pthread_mutex_unlock(&attach->lock);
	return copy;
}

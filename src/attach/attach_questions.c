/* SPDX-License-Identifier: MIT */
/*
 * What others ask of modules. Nothing here waits for a file.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "attach_parts.h"
#include "site.h"

int attach__find_build_id(struct attach *attach, dev_t dev, uint64_t inode, char ret_build_id[41])
{
	const struct module *module;
	uint32_t number;
	int err = -ENOENT;

	pthread_mutex_lock(&attach->lock);
	number = inode ? modules__find_mapped(&attach->modules, dev, inode) : 0;
	module = number ? attach->modules.by_number[number] : NULL;
	/* without a descriptor the file may be gone, and its number another's */
	if (module && module->fd >= 0) {
		memcpy(ret_build_id, module->table->build_id, sizeof(module->table->build_id));
		err = 0;
	}
	pthread_mutex_unlock(&attach->lock);
	return err;
}

struct site_table *attach__table(struct attach *attach, uint32_t number)
{
	const struct module *module = NULL;
	struct site_table *table = NULL;

	pthread_mutex_lock(&attach->lock);
	if (number && number < attach->modules.end)
		module = attach->modules.by_number[number];
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

char *attach__service(struct attach *attach, const char *build_id)
{
	const char *service;
	char *copy = NULL;

	pthread_mutex_lock(&attach->lock);
	service = modules__service(&attach->modules, build_id);
	if (service && service[0])
		copy = strdup(service);
	pthread_mutex_unlock(&attach->lock);
	return copy;
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
	size_t cnt = 0;

	pthread_mutex_lock(&attach->lock);
	if (number && number < attach->modules.end && attach->modules.by_number[number])
		cnt = attach->modules.by_number[number]->enabled_cnt;
	pthread_mutex_unlock(&attach->lock);
	return cnt;
}

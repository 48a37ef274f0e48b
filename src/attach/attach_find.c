/* SPDX-License-Identifier: MIT */
/*
 * From a mapping to its module: the file is read if it is not known yet, which may take long.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach_parts.h"
#include "maps.h"
#include "module.h"
#include "site.h"
#include "site_choice.h"
#include "site_list.h"

uint64_t attach__find_base(const struct maps *maps, const struct maps_entry *entry)
{
	uint64_t base = 0;

	for (size_t i = 0; i < maps->cnt && maps->entries[i].start <= entry->start; i++) {
		const struct maps_entry *other = &maps->entries[i];

		if (other->inode == entry->inode && other->dev == entry->dev && other->offset == 0)
			base = other->start;
	}
	return base;
}

void attach_result__fail(struct attach_result *result, const char *path, bool unread)
{
	if (result->failed_path[0])
		return;
	(void)snprintf(result->failed_path, sizeof(result->failed_path), "%s", path);
	result->unread = unread;
}

void attach_result__offer(struct attach_result *result, const struct module *module)
{
	const size_t used = strlen(result->choices), room = sizeof(result->choices) - used;
	char *text = NULL, *end;
	size_t len;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return;
	(void)site_list__print_choices(out, module->table);
	if (!fclose(out) && snprintf(result->choices + used, room, "%s", text) >= (int)room) {
		end = memrchr(result->choices, '\n', sizeof(result->choices));
		(end ? end + 1 : result->choices)[0] = '\0';
	}
	free(text);
}

int64_t attach__find_file(struct attach *attach, const struct mapped_file *file)
{
	struct module *module;
	struct site_choice *choice;
	struct stat status;
	int64_t number;
	int err;

	if (fstat(file->fd, &status))
		return -errno;
	pthread_mutex_lock(&attach->lock);
	number = modules__find(&attach->modules, &status, file->entry);
	if (number)
		attach__hold_locked(attach, attach->modules.by_number[number]);
	pthread_mutex_unlock(&attach->lock);
	if (number)
		return number;
	choice = attach__choice(attach);
	module = module__read(file, &status, choice, attach->options.foreign,
			      attach->options.stack_from);
	err = -errno;
	site_choice__unref(choice);
	if (!module)
		return err;
	pthread_mutex_lock(&attach->lock);
	attach->has_marked |= module->table && site_table__has_sites(module->table);
	number = modules__add(&attach->modules, module, attach->options.journal);
	if (number > 0) {
		module = attach->modules.by_number[number];
		/* no process has held it so far */
		if (!module->was_held)
			(void)__atomic_fetch_add(&attach->unused_cnt, 1, __ATOMIC_RELAXED);
		attach__hold_locked(attach, module);
	}
	pthread_mutex_unlock(&attach->lock);
	return number;
}

uint32_t attach__hold_mapped(struct attach *attach, const struct maps_entry *entry)
{
	uint32_t number;

	pthread_mutex_lock(&attach->lock);
	number = modules__find_mapped(&attach->modules, entry->dev, entry->inode);
	if (number)
		attach__hold_locked(attach, attach->modules.by_number[number]);
	pthread_mutex_unlock(&attach->lock);
	return number;
}

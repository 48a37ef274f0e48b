/* SPDX-License-Identifier: MIT */
/*
 * The recorder holds the modules of its processes. A module that is not held any more is freed.
 *
 * Links for all processes also serve processes that the recorder does not know: children that have
 * not logged yet, whose parent has ended. So this looks for a module that is not held in all
 * processes that the kernel side follows. It is freed after the drain thread has taken all messages
 * that were on their way, if it is still not held then. If a process maps the file later, the
 * collector attaches to it as to a new file.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "attach_parts.h"
#include "kernel.h"
#include "links.h"
#include "maps.h"
#include "site.h"

/* How often to list processes again, for children that began meanwhile. */
#define MAX_LISTINGS 16

/* ---- processes that the recorder may not know ---- */

/* Whether an unknown process may have one of them. */
static bool mark_all(struct attach *attach)
{
	bool serve_all = false;

	pthread_mutex_lock(&attach->lock);
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		struct module *module = attach->modules.by_number[i];

		if (!module)
			continue;
		module->is_unused = !module->refs;
		serve_all |= module->is_unused && links__find(module->links, 0);
	}
	pthread_mutex_unlock(&attach->lock);
	return serve_all;
}

/* All modules of an inode: a file that was written over has several. NULL: all modules. */
static void unmark(struct attach *attach, const struct maps_entry *entry)
{
	pthread_mutex_lock(&attach->lock);
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		struct module *module = attach->modules.by_number[i];

		if (module && (!entry || (module->map_inode == entry->inode &&
					  module->map_dev == entry->dev)))
			module->is_unused = false;
	}
	pthread_mutex_unlock(&attach->lock);
}

/* If a process can't be looked at, it may have any of them. */
static void unmark_mapped(struct attach *attach, pid_t pid)
{
	struct maps *maps = maps__read(pid);

	if (!maps && errno != ENOENT && errno != ESRCH)
		unmark(attach, NULL);
	for (size_t i = 0; maps && i < maps->cnt; i++) {
		if (maps->entries[i].executable && maps->entries[i].inode)
			unmark(attach, &maps->entries[i]);
	}
	maps__free(maps);
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

/* Looks at the processes that are in no earlier listing. Returns how many these are. */
static size_t look_at_new(struct attach *attach, const pid_t *pids, size_t cnt, const pid_t *before,
			  size_t before_cnt)
{
	size_t new_cnt = 0;

	for (size_t i = 0; i < cnt; i++) {
		if (before_cnt &&
		    bsearch(&pids[i], before, before_cnt, sizeof(*before), compare_pids))
			continue;
		unmark_mapped(attach, pids[i]);
		new_cnt++;
	}
	return new_cnt;
}

/* A child that begins during a listing, and outlives its parent, is in the next one. */
static void look_at_all(struct attach *attach)
{
	pid_t *before = NULL;
	size_t before_cnt = 0, new_cnt = 1;

	for (int i = 0; new_cnt && i < MAX_LISTINGS; i++) {
		size_t cnt;
		pid_t *pids = kernel__list_processes(attach->options.kernel, &cnt);

		if (!pids)
			break;
		qsort(pids, cnt, sizeof(*pids), compare_pids);
		new_cnt = look_at_new(attach, pids, cnt, before, before_cnt);
		free(before);
		before = pids;
		before_cnt = cnt;
	}
	free(before);
	if (new_cnt)
		unmark(attach, NULL);
}

void attach__find_unused(struct attach *attach)
{
	if (mark_all(attach))
		look_at_all(attach);
	__atomic_store_n(&attach->found_unused, true, __ATOMIC_RELEASE);
}

bool attach__has_found_unused(struct attach *attach)
{
	return __atomic_load_n(&attach->found_unused, __ATOMIC_ACQUIRE);
}

/* ---- freeing ---- */

/* A deleted file may go while processes have it: they hold it, too. */
bool attach__let_go(struct attach *attach, uint32_t number, bool only_deleted)
{
	const struct module *module = attach__module(attach, number);
	struct stat now;
	bool may_go;

	/* the caller's hold keeps the descriptor; no lock while this waits for a file */
	if (only_deleted) {
		may_go = fstat(module->fd, &now) == 0 && !now.st_nlink;
	} else {
		pthread_mutex_lock(&attach->lock);
		may_go = module->refs == 1;
		pthread_mutex_unlock(&attach->lock);
	}
	if (may_go)
		attach__release(attach, &number, 1);
	return may_go;
}

/* Takes unused modules out of the table, as a list by `next_unused`. */
static struct module *take_unused(struct attach *attach, struct leaving *leaving)
{
	struct module *first = NULL;

	pthread_mutex_lock(&attach->lock);
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		struct module *module = attach->modules.by_number[i];

		if (!module || !module->is_unused)
			continue;
		(void)modules__remove(&attach->modules, i, attach->options.journal);
		module->number = i;
		(void)__atomic_fetch_sub(&attach->unused_cnt, 1, __ATOMIC_RELAXED);
		leaving__add_all(leaving, module->links);
		leaving__add_all(leaving, module->extra);
		module->next_unused = first;
		first = module;
	}
	pthread_mutex_unlock(&attach->lock);
	return first;
}

void attach__free_unused(struct attach *attach)
{
	struct leaving leaving;
	struct module *unused;

	pthread_mutex_lock(&attach->lock);
	leaving = attach->leaving;
	attach->leaving = (struct leaving){ 0 };
	__atomic_store_n(&attach->has_leaving, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&attach->lock);
	unused = take_unused(attach, &leaving);
	__atomic_store_n(&attach->found_unused, false, __ATOMIC_RELAXED);
	leaving__close(&leaving);
	if (!unused)
		return;
	while (unused) {
		struct module *next = unused->next_unused;

		attach__forget_places(attach, unused->number, unused);
		module__free(unused);
		unused = next;
	}
	/* free() would keep these many small pieces */
	(void)malloc_trim(0);
}

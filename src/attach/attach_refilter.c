/* SPDX-License-Identifier: MIT */
/*
 * Other sites, while recording. For each link a new one is made, with what is on from now on, before
 * the old one is closed: so a site that stays on is not off for a moment. The kernel counts a gate
 * once in each process, however many links it has.
 *
 * A process that has more sites on than others has links of its own besides (module->extra): gates
 * alone, as the other link has the control probe. Links of foreign sites: attach_foreign.c.
 *
 * `turn` is held all the time, so that no link is made by the choice before.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "attach.h"
#include "attach_parts.h"
#include "kernel.h"
#include "kernel_link.h"
#include "links.h"
#include "module.h"
#include "process_files.h"
#include "site.h"
#include "site_choice.h"

/* One change of links. */
struct refilter {
	struct attach *attach;
	struct site_choice *choice;
	struct leaving leaving; /* closed together, at the end */
	struct attach_result *result;
	int first_err;
};

/* The processes that a module has links for (0: all). */
struct pid_list {
	pid_t *items;
	size_t cnt, cap;
};

static void fail(struct refilter *refilter, const struct module *module, int err)
{
	attach_result__fail(refilter->result, module->path, false);
	if (!refilter->first_err)
		refilter->first_err = err;
}

/* The next module with sites after that number, held; 0: none. */
static uint32_t next_module(struct attach *attach, uint32_t number, struct module **ret)
{
	uint32_t found = 0;

	pthread_mutex_lock(&attach->lock);
	while (!found && ++number < attach->modules.end) {
		struct module *module = attach->modules.by_number[number];

		if (!module || !module->table || !site_table__has_sites(module->table))
			continue;
		attach__hold_locked(attach, module);
		*ret = module;
		found = number;
	}
	pthread_mutex_unlock(&attach->lock);
	return found;
}

/* ---- links that all sites of a module have ---- */

static bool is_changed(const struct site_choice *old, const struct site_choice *now,
		       const struct site_table *table)
{
	for (size_t i = 0; i < table->cnt; i++) {
		if (site_choice__matches(old, &table->sites[i]) !=
		    site_choice__matches(now, &table->sites[i]))
			return true;
	}
	return false;
}

/* 0 or -ENOMEM. */
static int list_pids(struct attach *attach, const struct module *module, struct pid_list *ret)
{
	int err = 0;

	pthread_mutex_lock(&attach->lock);
	for (const struct links *links = module->links; links && !err; links = links->next) {
		err = array__reserve(ret->items, ret->cnt + 1, &ret->cap);
		if (!err)
			ret->items[ret->cnt++] = links->pid;
	}
	pthread_mutex_unlock(&attach->lock);
	return err;
}

/* The places of the link for that process, by which the new one can be made. 1, 0: it is gone, or
 * -ENOMEM. */
static int list_places(struct attach *attach, struct links *const *list, pid_t pid,
		       struct kernel_have *ret)
{
	const struct links *links;
	int err = 0;

	*ret = (struct kernel_have){ 0 };
	pthread_mutex_lock(&attach->lock);
	links = links__find(*list, pid);
	if (links && links->all && !attach->closed)
		err = kernel_link__list(links->all, ret);
	else
		links = NULL;
	pthread_mutex_unlock(&attach->lock);
	return err ? err : links != NULL;
}

/* Puts it in the place of the old one, if that is still there. Takes ownership. */
static void put_link(struct refilter *refilter, struct links *const *list, pid_t pid,
		     struct kernel_link *link, size_t cnt)
{
	struct links *links;

	pthread_mutex_lock(&refilter->attach->lock);
	links = links__find(*list, pid);
	if (links && links->all && kernel_link__take(link, links->all)) {
		leaving__add(&refilter->leaving, &links->all);
		links->all = link;
		links->choice = site_choice__number(refilter->choice);
		links->site_cnt = cnt;
		link = NULL;
	}
	pthread_mutex_unlock(&refilter->attach->lock);
	/* its process has ended, or the gates were closed */
	if (link)
		leaving__add(&refilter->leaving, &link);
}

static void relink(struct refilter *refilter, struct module *module, uint32_t number,
		   struct links *const *list, pid_t pid, const struct attach_extra *extra)
{
	struct kernel_places places = { 0 };
	struct kernel_link *link = NULL;
	struct kernel_have have;
	unsigned long *offsets;
	int err;

	err = list_places(refilter->attach, list, pid, &have);
	if (err <= 0) {
		if (err)
			fail(refilter, module, err);
		return;
	}
	offsets = attach__choose_places(refilter->attach, module, refilter->choice,
					attach__base(refilter->attach, module, pid), extra,
					&places);
	places.fd = module->fd;
	errno = ENOMEM;
	if (offsets)
		link = kernel__relink(refilter->attach->options.kernel, KERNEL_CONTROL, &places,
				      number, pid, &have);
	/* ESRCH: the process has ended */
	if (link)
		put_link(refilter, list, pid, link,
			 extra ? places.cnt : attach__site_places(refilter->attach, &places));
	else if (errno != ESRCH)
		fail(refilter, module, -errno);
	free(offsets);
	free(have.offsets);
}

static void relink_module(struct refilter *refilter, struct module *module, uint32_t number,
			  const struct site_choice *old)
{
	struct pid_list pids = { 0 };
	const int err = list_pids(refilter->attach, module, &pids);
	const size_t cnt = module__count_enabled(module, refilter->choice);
	int foreign_err;

	if (err)
		fail(refilter, module, err);
	for (size_t i = 0; i < pids.cnt; i++)
		relink(refilter, module, number, &module->links, pids.items[i], NULL);
	free(pids.items);
	foreign_err =
		attach__relink_foreign(refilter->attach, number, module, old, &refilter->leaving);
	if (foreign_err)
		fail(refilter, module, foreign_err);
	pthread_mutex_lock(&refilter->attach->lock);
	module->enabled_cnt = cnt;
	pthread_mutex_unlock(&refilter->attach->lock);
}

int attach__refilter(struct attach *attach, struct site_choice *choice, struct attach_result *ret)
{
	struct refilter refilter = { .attach = attach, .choice = choice, .result = ret };
	struct site_choice *old;
	struct module *module;
	uint32_t number = 0;

	*ret = (struct attach_result){ 0 };
	pthread_mutex_lock(&attach->turn);
	pthread_mutex_lock(&attach->lock);
	old = attach->choice;
	attach->choice = site_choice__ref(choice);
	pthread_mutex_unlock(&attach->lock);
	attach__choose_sched(attach, choice);
	while ((number = next_module(attach, number, &module))) {
		/* some processes may have a base of their own */
		if (attach->options.filter_of || is_changed(old, choice, module->table))
			relink_module(&refilter, module, number, old);
		ret->module_cnt++;
		ret->site_cnt += module->enabled_cnt;
		ret->marked_cnt += module->table->cnt;
		attach__release(attach, &number, 1);
	}
	pthread_mutex_unlock(&attach->turn);
	leaving__close(&refilter.leaving);
	site_choice__unref(old);
	return refilter.first_err;
}

/* ---- links of single processes ---- */

/* Whether its links are made by another choice, or missing. */
static bool is_old(struct attach *attach, const struct module *module, pid_t pid, uint64_t choice,
		   bool *ret_has)
{
	const struct links *links;
	bool is_old;

	pthread_mutex_lock(&attach->lock);
	links = links__find(module->extra, pid);
	*ret_has = links && links->all;
	is_old = !links || links->choice != choice;
	pthread_mutex_unlock(&attach->lock);
	return is_old;
}

/* The first link of the process to our own sites: takes ownership. */
static void add_link(struct refilter *refilter, struct module *module, pid_t pid,
		     struct kernel_link *link, size_t cnt)
{
	struct links *links;

	pthread_mutex_lock(&refilter->attach->lock);
	links = attach__extra_links(refilter->attach, module, pid);
	if (links) {
		links->all = link;
		links->choice = site_choice__number(refilter->choice);
		links->site_cnt = cnt;
		link = NULL;
	} else if (!refilter->attach->closed) {
		fail(refilter, module, -ENOMEM);
	}
	pthread_mutex_unlock(&refilter->attach->lock);
	leaving__add(&refilter->leaving, &link);
}

static void link_extra(struct refilter *refilter, struct module *module, uint32_t number,
		       const struct attach_extra *extra, const struct kernel_places *places)
{
	struct kernel_link *link = NULL;

	errno = ESRCH;
	if (process_files__has_memory(extra->pid))
		link = kernel__link(refilter->attach->options.kernel, KERNEL_CONTROL, places,
				    number, (pid_t)extra->pid);
	if (link)
		add_link(refilter, module, (pid_t)extra->pid, link, places->cnt);
	else if (errno != ESRCH)
		fail(refilter, module, -errno);
}

static void remove_extra(struct refilter *refilter, struct module *module, pid_t pid)
{
	struct links *links;

	pthread_mutex_lock(&refilter->attach->lock);
	links = links__find(module->extra, pid);
	if (links) {
		leaving__add(&refilter->leaving, &links->all);
		links->site_cnt = 0;
	}
	pthread_mutex_unlock(&refilter->attach->lock);
}

/* Returns how many sites are on for the process alone. */
static size_t refilter_extra(struct refilter *refilter, struct module *module, uint32_t number,
			     const struct attach_extra *extra)
{
	const uint64_t choice = site_choice__number(refilter->choice);
	struct kernel_places places = { 0 };
	bool has;
	const bool is_due = is_old(refilter->attach, module, (pid_t)extra->pid, choice, &has);
	unsigned long *offsets;

	offsets = attach__choose_places(refilter->attach, module, refilter->choice,
					attach__base(refilter->attach, module, (pid_t)extra->pid),
					extra, &places);
	if (!offsets) {
		fail(refilter, module, -ENOMEM);
		return 0;
	}
	places.fd = module->fd;
	if (!places.cnt && has)
		remove_extra(refilter, module, (pid_t)extra->pid);
	else if (places.cnt && !has)
		link_extra(refilter, module, number, extra, &places);
	else if (places.cnt && is_due)
		relink(refilter, module, number, &module->extra, (pid_t)extra->pid, extra);
	free(offsets);
	return places.cnt;
}

static void refilter_foreign(struct refilter *refilter, struct module *module, uint32_t number,
			     const struct attach_extra *extra)
{
	const int err = attach__relink_foreign_extra(refilter->attach, number, module, extra);

	if (err)
		fail(refilter, module, err);
}

int attach__refilter_process(struct attach *attach, uint32_t pid, const char *service,
			     const uint32_t *modules, size_t cnt, struct attach_result *ret)
{
	const struct attach_extra extra = { .pid = pid, .service = service };
	struct refilter refilter = { .attach = attach, .result = ret };

	*ret = (struct attach_result){ 0 };
	pthread_mutex_lock(&attach->turn);
	refilter.choice = attach__choice(attach);
	for (size_t i = 0; i < cnt; i++) {
		struct module *module;

		if (!attach__hold(attach, modules[i]))
			continue;
		module = attach__module(attach, modules[i]);
		if (module->table && module->table->has_module)
			ret->site_cnt += refilter_extra(&refilter, module, modules[i], &extra);
		if (module->table)
			refilter_foreign(&refilter, module, modules[i], &extra);
		attach__release(attach, &modules[i], 1);
	}
	pthread_mutex_unlock(&attach->turn);
	leaving__close(&refilter.leaving);
	site_choice__unref(refilter.choice);
	return refilter.first_err;
}

/* SPDX-License-Identifier: MIT */
/*
 * The links of a module's foreign sites: those that are probes of others, and functions.
 *
 * A link for each process or for all, as for our own sites; but all of them share what map `places`
 * has, because a place's cookie is made of its module and its number in it. So it is written once for
 * a module.
 *
 * If other sites are to be on, a new link is made beside the old one, and both are hit until that is
 * closed. So the new links have other cookies, which the map does not have yet: those of the other
 * generation. Then place by place goes from the old cookie to the new one. So no event is recorded
 * twice, and a place is off for a microsecond.
 */
#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "attach_parts.h"
#include "kernel.h"
#include "kernel_link.h"
#include "links.h"
#include "module.h"
#include "process_files.h"
#include "site.h"
#include "site_choice.h"

#define GENERATION_SHIFT 31u /* of a cookie; a file has far fewer places */

static uint64_t cookie_of(uint32_t module, uint32_t generation, size_t place)
{
	return (uint64_t)module << 32 | generation << GENERATION_SHIFT | (uint32_t)place;
}

/* Which sites a link is for. */
struct wanted {
	const struct site_choice *choice;
	const struct site_filter *base;   /* NULL: as all */
	const struct attach_extra *extra; /* NULL; else those that are on in this process alone */
};

static bool wants(const struct wanted *wanted, const struct site *site)
{
	const struct attach_extra *extra = wanted->extra;

	return extra ? site_choice__adds(wanted->choice, wanted->base, site, extra->pid,
					 extra->service)
		     : site_choice__matches_from(wanted->choice, wanted->base, site);
}

/* A thread only comes to places of our own marks while their sites are on. */
static bool wants_place(const struct wanted *wanted, const struct foreign_place *place,
			const struct site *site)
{
	if (!site)
		return false;
	return place->plan.kind == WIRE_PLACE_STACK ? !wanted->extra : wants(wanted, site);
}

static size_t count_sites(const struct wanted *wanted, const struct site_table *table)
{
	size_t cnt = 0;

	for (size_t i = 0; i < table->cnt; i++)
		cnt += site__is_foreign(&table->sites[i]) && wants(wanted, &table->sites[i]);
	return cnt;
}

/* Room for the places that are chosen. */
struct chosen {
	unsigned long *offsets, *semaphores, *cookies;
	size_t cnt;
};

static void add_place(struct chosen *chosen, const struct foreign_place *place, uint64_t cookie)
{
	chosen->offsets[chosen->cnt] = place->offset;
	chosen->semaphores[chosen->cnt] = place->semaphore_offset;
	chosen->cookies[chosen->cnt++] = cookie;
}

/* *ret: NULL if none is wanted. 0 or -errno. */
static int link_places(struct attach *attach, uint32_t number, int fd, uint32_t generation,
		       const struct wanted *wanted, pid_t pid, struct kernel_link **ret)
{
	const struct site_table *table = attach__module(attach, number)->table;
	const size_t max = table->place_cnt;
	unsigned long *room = calloc(3 * max + 1, sizeof(*room));
	struct chosen chosen = { 0 };
	struct kernel_places places = { .fd = fd };
	int err = 0;

	*ret = NULL;
	if (!room)
		return -ENOMEM;
	places.offsets = chosen.offsets = room;
	places.semaphores = chosen.semaphores = room + max;
	places.cookies = chosen.cookies = room + 2 * max;
	for (size_t i = 0; i < max; i++) {
		const struct foreign_place *place = &table->places[i];

		if (wants_place(wanted, place, site_table__find(table, place->plan.site)))
			add_place(&chosen, place, cookie_of(number, generation, i));
	}
	places.cnt = chosen.cnt;
	if (chosen.cnt) {
		*ret = kernel__link(attach->options.kernel, KERNEL_FOREIGN, &places, 0, pid);
		err = *ret ? 0 : -errno;
	}
	free(room);
	return err;
}

/* 0 or -errno. */
static int put_places(struct attach *attach, uint32_t number, struct module *module)
{
	const struct site_table *table = module->table;
	int err = 0;

	for (size_t i = 0; !module->has_places && !err && i < table->place_cnt; i++)
		err = kernel__put_place(attach->options.kernel,
					cookie_of(number, module->generation, i),
					&table->places[i].plan);
	module->has_places |= !err;
	return err;
}

int attach__link_foreign(struct attach *attach, uint32_t number, int fd, struct links *links)
{
	struct module *module = attach__module(attach, number);
	struct site_choice *choice = attach__choice(attach);
	const struct wanted wanted = { .choice = choice, .base = links->base };
	int err = put_places(attach, number, module);

	if (!err)
		err = link_places(attach, number, fd, module->generation, &wanted, links->pid,
				  &links->foreign);
	links->foreign_cnt = err ? 0 : count_sites(&wanted, module->table);
	site_choice__unref(choice);
	return err;
}

void attach__forget_places(struct attach *attach, uint32_t number, const struct module *module)
{
	for (size_t i = 0; module->table && i < module->table->place_cnt; i++)
		kernel__remove_place(attach->options.kernel,
				     cookie_of(number, module->generation, i));
}

/* ---- other sites ---- */

/* A link that takes the place of one that a process has. */
struct fresh {
	pid_t pid;
	const struct site_filter *base;
	struct kernel_link *link; /* NULL: none is wanted */
	size_t site_cnt;
	bool is_gone; /* its process has ended */
};

struct fresh_list {
	struct fresh *items;
	size_t cnt, cap;
};

/* The links that there are. 0 or -ENOMEM. */
static int list_links(struct attach *attach, const struct module *module, struct fresh_list *ret)
{
	int err = 0;

	pthread_mutex_lock(&attach->lock);
	for (const struct links *links = module->links; links && !err; links = links->next) {
		err = array__reserve(ret->items, ret->cnt + 1, &ret->cap);
		if (!err)
			ret->items[ret->cnt++] =
				(struct fresh){ .pid = links->pid, .base = links->base };
	}
	pthread_mutex_unlock(&attach->lock);
	return err;
}

/* Whether one of these processes has other foreign sites on. */
static bool is_changed(const struct fresh_list *list, const struct site_table *table,
		       const struct site_choice *old, const struct site_choice *now)
{
	for (size_t i = 0; i < list->cnt; i++) {
		const struct wanted before = { .choice = old, .base = list->items[i].base };
		const struct wanted after = { .choice = now, .base = list->items[i].base };

		for (size_t k = 0; k < table->cnt; k++) {
			const struct site *site = &table->sites[k];

			if (site__is_foreign(site) && wants(&before, site) != wants(&after, site))
				return true;
		}
	}
	return false;
}

static int make_fresh(struct attach *attach, uint32_t number, const struct module *module,
		      const struct site_choice *now, struct fresh *fresh)
{
	const struct wanted wanted = { .choice = now, .base = fresh->base };
	int err = link_places(attach, number, module->fd, !module->generation, &wanted, fresh->pid,
			      &fresh->link);

	fresh->site_cnt = count_sites(&wanted, module->table);
	fresh->is_gone = err == -ESRCH;
	return fresh->is_gone ? 0 : err;
}

/* From here on the new links count, and the old ones don't. 0 or -errno, of places that are off
 * then. */
static int turn_places(struct attach *attach, uint32_t number, struct module *module)
{
	const struct site_table *table = module->table;
	const uint32_t old = module->generation;
	int first_err = 0;

	module->generation = !old;
	for (size_t i = 0; i < table->place_cnt; i++) {
		int err;

		kernel__remove_place(attach->options.kernel, cookie_of(number, old, i));
		err = kernel__put_place(attach->options.kernel, cookie_of(number, !old, i),
					&table->places[i].plan);
		if (err && !first_err)
			first_err = err;
	}
	return first_err;
}

/* The new link is closed if the process is gone, or the gates were closed. */
static void put_fresh(struct attach *attach, const struct module *module, struct fresh *fresh,
		      struct leaving *leaving)
{
	struct kernel_link *old = NULL;
	struct links *links;

	pthread_mutex_lock(&attach->lock);
	links = attach->closed || fresh->is_gone ? NULL : links__find(module->links, fresh->pid);
	if (links) {
		old = links->foreign;
		links->foreign = fresh->link;
		links->foreign_cnt = fresh->site_cnt;
		fresh->link = NULL;
	}
	pthread_mutex_unlock(&attach->lock);
	leaving__add(leaving, &old);
	leaving__add(leaving, &fresh->link);
}

int attach__relink_foreign(struct attach *attach, uint32_t number, struct module *module,
			   const struct site_choice *old, struct leaving *leaving)
{
	struct fresh_list list = { 0 };
	struct site_choice *now = NULL;
	int err = module->table->place_cnt ? list_links(attach, module, &list) : 0;

	if (err || !list.cnt)
		goto out;
	now = attach__choice(attach);
	if (!is_changed(&list, module->table, old, now))
		goto out;
	for (size_t i = 0; !err && i < list.cnt; i++)
		err = make_fresh(attach, number, module, now, &list.items[i]);
	if (!err)
		err = turn_places(attach, number, module);
	else
		for (size_t i = 0; i < list.cnt; i++)
			list.items[i].is_gone = true;
	for (size_t i = 0; i < list.cnt; i++)
		put_fresh(attach, module, &list.items[i], leaving);
out:
	site_choice__unref(now);
	free(list.items);
	return err;
}

/* ---- single processes ---- */

/* Whether its link is not made by that choice, and there is one, or is to be one. The old link goes
 * first, in a moment without both: they would record the same events. */
static bool drop_old(struct attach *attach, struct module *module, pid_t pid, uint64_t choice,
		     bool is_wanted)
{
	struct leaving leaving = { 0 };
	struct links *links;
	bool is_due = is_wanted;

	pthread_mutex_lock(&attach->lock);
	links = links__find(module->extra, pid);
	if (links) {
		is_due = links->foreign_choice != choice && (is_wanted || links->foreign);
		if (is_due)
			leaving__add(&leaving, &links->foreign);
		if (is_due)
			links->foreign_cnt = 0;
	}
	pthread_mutex_unlock(&attach->lock);
	leaving__close(&leaving);
	return is_due;
}

/* Takes ownership of the link. 0 or -ENOMEM. */
static int put_extra(struct attach *attach, struct module *module, pid_t pid,
		     struct kernel_link *link, uint64_t choice, size_t site_cnt)
{
	struct links *links;
	int err = 0;

	pthread_mutex_lock(&attach->lock);
	links = attach__extra_links(attach, module, pid);
	if (links) {
		links->foreign = link;
		links->foreign_choice = choice;
		links->foreign_cnt = site_cnt;
		link = NULL;
	} else if (!attach->closed) {
		err = -ENOMEM;
	}
	pthread_mutex_unlock(&attach->lock);
	kernel_link__free(link);
	return err;
}

static int link_extra(struct attach *attach, uint32_t number, struct module *module,
		      const struct wanted *wanted, size_t site_cnt)
{
	const pid_t pid = (pid_t)wanted->extra->pid;
	struct kernel_link *link;
	int err = put_places(attach, number, module);

	if (!err)
		err = link_places(attach, number, module->fd, module->generation, wanted, pid,
				  &link);
	if (err)
		return err == -ESRCH ? 0 : err;
	return put_extra(attach, module, pid, link, site_choice__number(wanted->choice), site_cnt);
}

int attach__relink_foreign_extra(struct attach *attach, uint32_t number, struct module *module,
				 const struct attach_extra *extra)
{
	const pid_t pid = (pid_t)extra->pid;
	struct wanted wanted = { .extra = extra, .base = attach__base(attach, module, pid) };
	struct site_choice *choice;
	size_t cnt;
	int err = 0;

	if (!module->table->place_cnt)
		return 0;
	wanted.choice = choice = attach__choice(attach);
	cnt = count_sites(&wanted, module->table);
	if (drop_old(attach, module, pid, site_choice__number(choice), cnt > 0) && cnt &&
	    process_files__has_memory(extra->pid))
		err = link_extra(attach, number, module, &wanted, cnt);
	site_choice__unref(choice);
	return err;
}

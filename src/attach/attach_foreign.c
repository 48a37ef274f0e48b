/* SPDX-License-Identifier: MIT */
/*
 * The links of a module's foreign sites: those that are probes of others, and functions.
 *
 * A link for each process or for all, as for our own sites; but all of them share what map `places`
 * has, because a place's cookie is made of its module and its number in it. So it is written once for
 * a module.
 */
#include <errno.h>
#include <stdlib.h>

#include "attach_parts.h"
#include "kernel.h"
#include "kernel_link.h"
#include "links.h"
#include "module.h"
#include "site.h"
#include "site_choice.h"

static uint64_t cookie_of(uint32_t module, size_t place)
{
	return (uint64_t)module << 32 | (uint32_t)place;
}

/* Room for the places that are chosen. */
struct chosen {
	unsigned long *offsets, *semaphores, *cookies;
	size_t cnt;
};

/* 0 or -errno. */
static int put_places(struct attach *attach, uint32_t number, struct module *module)
{
	const struct site_table *table = module->table;
	int err = 0;

	for (size_t i = 0; !module->has_places && !err && i < table->place_cnt; i++)
		err = kernel__put_place(attach->options.kernel, cookie_of(number, i),
					&table->places[i].plan);
	module->has_places |= !err;
	return err;
}

static void add_place(struct chosen *chosen, const struct foreign_place *place, uint64_t cookie)
{
	chosen->offsets[chosen->cnt] = place->offset;
	chosen->semaphores[chosen->cnt] = place->semaphore_offset;
	chosen->cookies[chosen->cnt++] = cookie;
}

/* Also counts the sites that have a place among them. */
static void choose(struct attach *attach, uint32_t number, const struct site_filter *base,
		   struct chosen *chosen, size_t *ret_site_cnt)
{
	const struct site_table *table = attach__module(attach, number)->table;
	struct site_choice *choice = attach__choice(attach);

	*ret_site_cnt = 0;
	for (size_t i = 0; i < table->cnt; i++)
		*ret_site_cnt += site__is_foreign(&table->sites[i]) &&
				 site_choice__matches_from(choice, base, &table->sites[i]);
	for (size_t i = 0; i < table->place_cnt; i++) {
		const struct site *site = site_table__find(table, table->places[i].plan.site);

		/* a thread only comes to places of our own marks while their sites are on */
		if (site && (table->places[i].plan.kind == WIRE_PLACE_STACK ||
			     site_choice__matches_from(choice, base, site)))
			add_place(chosen, &table->places[i], cookie_of(number, i));
	}
	site_choice__unref(choice);
}

int attach__link_foreign(struct attach *attach, uint32_t number, int fd, pid_t pid,
			 const struct site_filter *base, struct kernel_link **ret,
			 size_t *ret_site_cnt)
{
	struct module *module = attach__module(attach, number);
	const size_t max = module->table->place_cnt;
	unsigned long *room = calloc(3 * max + 1, sizeof(*room));
	struct kernel_places places = { .fd = fd };
	struct chosen chosen;
	int err;

	*ret = NULL;
	if (!room)
		return -ENOMEM;
	chosen = (struct chosen){ room, room + max, room + 2 * max, 0 };
	choose(attach, number, base, &chosen, ret_site_cnt);
	err = put_places(attach, number, module);
	places.offsets = chosen.offsets;
	places.semaphores = chosen.semaphores;
	places.cookies = chosen.cookies;
	places.cnt = chosen.cnt;
	if (!err && chosen.cnt) {
		*ret = kernel__link(attach->options.kernel, KERNEL_FOREIGN, &places, 0, pid);
		err = *ret ? 0 : -errno;
	}
	free(room);
	return err;
}

void attach__forget_places(struct attach *attach, uint32_t number, const struct module *module)
{
	for (size_t i = 0; module->table && i < module->table->place_cnt; i++)
		kernel__remove_place(attach->options.kernel, cookie_of(number, i));
}

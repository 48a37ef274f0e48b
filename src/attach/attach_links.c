/* SPDX-License-Identifier: MIT */
/*
 * A module has one link: to the control probe, and to all gates. When we are killed, the kernel
 * clears the semaphores of a link at once, but waits for a grace period before the next link: some
 * 0.5 s on a busy machine. A program records while both the site's gate and `listening` are on, so
 * the order does not matter. When we end normally, the gates go before the control probe, which
 * another link keeps meanwhile.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attach_parts.h"
#include "kernel.h"
#include "kernel_link.h"
#include "links.h"
#include "module.h"
#include "process_files.h"
#include "site.h"
#include "site_choice.h"

#define PAGE_BYTES 4096u

/* Of one module. */
#define MAX_OWN_LINKS 64

/*
 * Links serve one process or all. The kernel knows a process by its first thread's memory. If that
 * is gone, because main called pthread_exit(), or if this kernel hits such links only in the first
 * thread, then sites are enabled in all processes that run their file. The BPF program still
 * ignores processes that are not recorded.
 *
 * With -e, --all and -- CMD there is one link for all. A link for each process would keep strangers
 * from the traps of foreign sites in libraries (0.45 us each, half of what a recorded event costs). But
 * a child's memory is no process's that has a link: what it does until it is found, at such a site,
 * would be neither recorded nor counted. Our own marks lose nothing then: they stay in the batch.
 *
 * Thousands of processes share one link for all, too. With a link each, the kernel goes through all
 * links of a file for each of its processes, whenever one link is made or closed: the end of 2,000
 * took 410 s, also if we are killed (6.18). And a flush asks each link whether it is for the process.
 */
pid_t attach__filter(const struct attach *attach, pid_t pid)
{
	if (attach->options.for_all || !kernel__can_filter(attach->options.kernel) ||
	    attach__shares(attach))
		return 0;
	return process_files__has_memory((uint32_t)pid) ? pid : 0;
}

bool attach__shares(const struct attach *attach)
{
	return __atomic_load_n(&attach->shares, __ATOMIC_RELAXED);
}

/* Locked. Not if processes have sites of their own: one link would switch on those of all. */
static void share_if_many(struct attach *attach, const struct links *links)
{
	if (!attach->options.filter_of && links__cnt(links) > MAX_OWN_LINKS)
		__atomic_store_n(&attach->shares, true, __ATOMIC_RELAXED);
}

static struct kernel_link *link_one(struct attach *attach, enum kernel_program program, int fd,
				    unsigned long offset, unsigned long semaphore, uint32_t cookie,
				    pid_t pid)
{
	const struct kernel_places places = {
		.fd = fd,
		.offsets = &offset,
		.semaphores = semaphore ? &semaphore : NULL,
		.cnt = 1,
	};

	return kernel__link(attach->options.kernel, program, &places, cookie, pid);
}

static void add_place(struct kernel_places *places, unsigned long *offsets,
		      unsigned long *semaphores, unsigned long offset, unsigned long semaphore)
{
	offsets[places->cnt] = offset;
	semaphores[places->cnt++] = semaphore;
}

unsigned long *attach__choose_places(const struct attach *attach, const struct module *module,
				     const struct site_choice *choice,
				     const struct site_filter *base,
				     const struct attach_extra *extra, struct kernel_places *ret)
{
	const struct site_table *table = module->table;
	const size_t max = table->cnt + 2;
	unsigned long *offsets = calloc(2 * max, sizeof(*offsets)), *semaphores;

	if (!offsets)
		return NULL;
	semaphores = offsets + max;
	ret->offsets = offsets;
	ret->semaphores = semaphores;
	ret->cnt = 0;
	if (!extra)
		add_place(ret, offsets, semaphores, table->control_offset, table->listening_offset);
	if (!extra && attach->options.immediate)
		add_place(ret, offsets, semaphores, table->immediate_gate_offset,
			  table->immediate_offset);
	for (size_t i = 0; i < table->cnt; i++) {
		const struct site *site = &table->sites[i];

		if (site__is_foreign(site))
			continue;
		if (extra ? site_choice__adds(choice, base, site, extra->pid, extra->service)
			  : site_choice__matches_from(choice, base, site))
			add_place(ret, offsets, semaphores, site->gate_offset,
				  site->semaphore_offset);
	}
	return offsets;
}

size_t attach__site_places(const struct attach *attach, const struct kernel_places *places)
{
	return places->cnt - 1 - attach->options.immediate;
}

/* At the gates the BPF program never runs. */
static struct kernel_link *link_all(struct attach *attach, uint32_t number, int fd, pid_t pid,
				    const struct site_filter *base, size_t *ret_site_cnt)
{
	struct kernel_places places = { .fd = fd };
	struct site_choice *choice = attach__choice(attach);
	unsigned long *offsets = attach__choose_places(attach, attach__module(attach, number),
						       choice, base, NULL, &places);
	struct kernel_link *link;
	int err;

	site_choice__unref(choice);
	if (!offsets)
		return NULL;
	*ret_site_cnt = attach__site_places(attach, &places);
	link = kernel__link(attach->options.kernel, KERNEL_CONTROL, &places, number, pid);
	err = errno;
	free(offsets);
	errno = err;
	return link;
}

/* NULL: it is not needed, or not possible. */
static struct kernel_link *link_start(struct attach *attach, uint32_t number, int fd, pid_t pid)
{
	const struct site_table *table = attach__module(attach, number)->table;

	if (!attach->options.tells_starts || !table->start_offset)
		return NULL;
	return link_one(attach, KERNEL_START, fd, table->start_offset, 0, number, pid);
}

bool attach__is_linked(struct attach *attach, uint32_t number, pid_t pid)
{
	bool is_linked;

	pthread_mutex_lock(&attach->lock);
	is_linked = links__of(attach->modules.by_number[number]->links, pid);
	pthread_mutex_unlock(&attach->lock);
	return is_linked;
}

const struct site_filter *attach__base(struct attach *attach, const struct module *module,
				       pid_t pid)
{
	const struct links *links;

	pthread_mutex_lock(&attach->lock);
	links = links__find(module->links, pid);
	pthread_mutex_unlock(&attach->lock);
	return links ? links->base : NULL;
}

size_t attach__linked_cnt(struct attach *attach, const struct module *module, pid_t pid)
{
	const struct links *links;
	size_t cnt;

	pthread_mutex_lock(&attach->lock);
	links = links__find(module->links, pid);
	cnt = links && links->base ? links->site_cnt + links->foreign_cnt : module->enabled_cnt;
	pthread_mutex_unlock(&attach->lock);
	return cnt;
}

/* 0 or -errno. */
static int make_links(struct attach *attach, uint32_t number, int fd, struct links *links)
{
	const struct site_table *table = attach__module(attach, number)->table;
	int err;

	if (table->has_module) {
		links->all =
			link_all(attach, number, fd, links->pid, links->base, &links->site_cnt);
		if (!links->all)
			return -errno;
	}
	if (table->place_cnt) {
		err = attach__link_foreign(attach, number, fd, links);
		if (err)
			return err;
	}
	links->start = link_start(attach, number, fd, links->pid);
	return 0;
}

int attach__link(struct attach *attach, uint32_t number, int fd, pid_t pid,
		 const struct site_filter *base)
{
	struct links *links = calloc(1, sizeof(*links));
	struct module *module;
	int err;

	if (!links)
		return -ENOMEM;
	links->pid = pid;
	links->base = base;
	err = make_links(attach, number, fd, links);
	if (err)
		goto fail;
	pthread_mutex_lock(&attach->lock);
	if (attach->closed) {
		err = -ESHUTDOWN;
	} else {
		module = attach->modules.by_number[number];
		links->next = module->links;
		module->links = links;
		share_if_many(attach, links);
	}
	pthread_mutex_unlock(&attach->lock);
	if (!err)
		return 0;
fail:
	kernel_link__free(links->all);
	kernel_link__free(links->foreign);
	kernel_link__free(links->start);
	free(links);
	return err;
}

struct links *attach__extra_links(struct attach *attach, struct module *module, pid_t pid)
{
	struct links *links = attach->closed ? NULL : links__find(module->extra, pid);

	if (links || attach->closed)
		return links;
	links = calloc(1, sizeof(*links));
	if (!links)
		return NULL;
	links->pid = pid;
	links->next = module->extra;
	module->extra = links;
	return links;
}

void attach__warm(struct attach *attach, const struct module *module, int fd)
{
	struct site_choice *choice = attach__choice(attach);
	struct kernel_places places = { .cnt = 0 };
	unsigned long *offsets = attach__choose_places(attach, module, choice, NULL, NULL, &places);
	unsigned long page = ULONG_MAX;
	char byte;

	site_choice__unref(choice);

	for (size_t i = 0; i < places.cnt; i++) {
		if (offsets[i] / PAGE_BYTES == page)
			continue;
		page = offsets[i] / PAGE_BYTES;
		(void)!pread(fd, &byte, sizeof(byte), (off_t)offsets[i]);
	}
	free(offsets);
}

void attach__share(struct attach *attach)
{
	struct leaving leaving = { 0 };

	pthread_mutex_lock(&attach->lock);
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		if (attach->modules.by_number[i])
			links__share(&attach->modules.by_number[i]->links, &leaving);
	}
	pthread_mutex_unlock(&attach->lock);
	linkers__share(&attach->linkers, &leaving);
	leaving__close(&leaving);
}

/* Has the same place and semaphore as the links that are closed, so that the kernel changes
 * neither. One is enough for all processes. */
static void keep_control(struct attach *attach, uint32_t number, struct links *links)
{
	const struct module *module = attach->modules.by_number[number];

	if (!links || links->control || module->fd < 0 || !module->table->has_module)
		return;
	links->control = link_one(attach, KERNEL_CONTROL, module->fd, module->table->control_offset,
				  module->table->listening_offset, number,
				  links->next ? 0 : links->pid);
}

void attach__close_gates(struct attach *attach)
{
	struct leaving leaving = { 0 };

	attach__choose_sched(attach, NULL);
	pthread_mutex_lock(&attach->lock);
	attach->closed = true;
	for (uint32_t i = 1; i < attach->modules.end; i++) {
		struct module *module = attach->modules.by_number[i];

		if (!module)
			continue;
		keep_control(attach, i, module->links);
		for (struct links *links = module->links; links; links = links->next) {
			leaving__add(&leaving, &links->all);
			leaving__add(&leaving, &links->foreign);
		}
		leaving__add_all(&leaving, module->extra);
		module->extra = NULL;
	}
	leaving__close(&leaving);
	pthread_mutex_unlock(&attach->lock);
}

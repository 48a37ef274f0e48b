/* SPDX-License-Identifier: MIT */
/*
 * Files have their own numbers for threads, modules and sites. A module is known by its build id, a
 * site in it by all that is said of it. A number is looked for when the first stack needs it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "stack_share.h"

#define UNASKED UINT32_MAX
#define NONE    (UINT32_MAX - 1) /* `to` has no such one */

/* Files may have any number of threads and sites, and each may be looked for. */
#define MAX_COMPARED (16u << 20)

struct sharing {
	struct header *to;
	const struct header *from;
	uint32_t *threads, *sites; /* numbers in `to`, by those in `from` */
	struct stack_event *events;
	size_t cnt;
	size_t left; /* so many threads and sites may still be compared */
};

static uint32_t *new_numbers(size_t cnt)
{
	uint32_t *numbers = malloc((cnt + 1) * sizeof(*numbers));

	if (numbers)
		memset(numbers, 0xff, (cnt + 1) * sizeof(*numbers));
	return numbers;
}

static uint32_t find_thread(struct sharing *sharing, const struct ttlog_thread *thread)
{
	const struct header *to = sharing->to;

	for (size_t i = 0; i < to->info.thread_cnt && sharing->left; i++, sharing->left--) {
		const struct ttlog_thread *one = &to->threads[i];

		if (one->tid == thread->tid && one->pid == thread->pid &&
		    ttlog_text_equal(one->comm, thread->comm))
			return (uint32_t)i;
	}
	return NONE;
}

static const struct header_module *module_of(const struct header *header, size_t site)
{
	return &header->modules[header->site_modules[site]];
}

static uint32_t find_site(struct sharing *sharing, size_t site)
{
	const struct header *to = sharing->to, *from = sharing->from;
	const struct ttlog_text build_id = module_of(from, site)->build_id;

	if (!build_id.len)
		return NONE;
	for (size_t i = 0; i < to->info.site_cnt && sharing->left; i++, sharing->left--) {
		if (to->sites[i].identity == from->sites[site].identity &&
		    ttlog_text_equal(module_of(to, i)->build_id, build_id))
			return (uint32_t)i;
	}
	return NONE;
}

/* With the numbers of `to`. False: it has no such event, or its stack. */
static bool translate(struct sharing *sharing, const struct stack_event *event,
		      struct stack_event *ret)
{
	const struct header *from = sharing->from;
	uint32_t *thread, *site;

	if (event->thread >= from->info.thread_cnt || event->site >= from->info.site_cnt)
		return false;
	thread = &sharing->threads[event->thread];
	site = &sharing->sites[event->site];
	if (*thread == UNASKED)
		*thread = find_thread(sharing, &from->threads[event->thread]);
	if (*site == UNASKED)
		*site = find_site(sharing, event->site);
	if (*thread == NONE || *site == NONE)
		return false;
	*ret = *event;
	ret->thread = *thread;
	ret->site = *site;
	ret->module = sharing->to->site_modules[*site];
	return !stacks__find(&sharing->to->stacks, ret);
}

static int compare_stacks(const void *a, const void *b)
{
	const struct stack_event *x = a, *y = b;

	return (x->stack > y->stack) - (x->stack < y->stack);
}

static void collect(struct sharing *sharing)
{
	const struct stacks *stacks = &sharing->from->stacks;

	for (size_t i = 0; i < stacks->event_cnt; i++)
		sharing->cnt +=
			translate(sharing, &stacks->events[i], &sharing->events[sharing->cnt]);
	/* so that each is copied once */
	qsort(sharing->events, sharing->cnt, sizeof(*sharing->events), compare_stacks);
}

void stack_share__take(struct ttlog_snapshot *to, const struct ttlog_snapshot *from)
{
	struct sharing sharing = { .to = &to->header, .from = &from->header, .left = MAX_COMPARED };

	if (!from->header.stacks.event_cnt)
		return;
	sharing.threads = new_numbers(from->header.info.thread_cnt);
	sharing.sites = new_numbers(from->header.info.site_cnt);
	sharing.events = calloc(from->header.stacks.event_cnt, sizeof(*sharing.events));
	if (sharing.threads && sharing.sites && sharing.events) {
		collect(&sharing);
		(void)stacks__add(&to->header.stacks, sharing.events, sharing.cnt,
				  &to->header.arena);
	}
	free(sharing.threads);
	free(sharing.sites);
	free(sharing.events);
}

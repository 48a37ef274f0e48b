/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "glob.h"
#include "record_filter.h"
#include "site.h"
#include "trigger_plan.h"
#include "watched_module.h"

static void take_event(struct watched_site *site, const struct trigger_watch *watch, uint32_t bit)
{
	const enum expr_truth truth = record_filter__site(watch->filter, &site->site);

	if (truth != EXPR_NO)
		site->events |= bit;
	if (truth == EXPR_YES)
		site->certain |= bit;
}

static void take_slow(struct watched_site *site, const struct trigger_watch *watch, uint32_t bit)
{
	const struct site *it = site->site.site;

	if (it->kind == TTLOG_SITE_SPAN &&
	    glob__match(ttlog_text_of(watch->probe), ttlog_text_of(it->name)))
		site->slows |= bit;
}

/* Keeps the site if a watch is about it. */
static void add(struct watched_module *module, const struct trigger_plan *plan,
		const struct site *site, bool is_span_end)
{
	struct watched_site made = { 0 };
	const uint32_t index = site->index + is_span_end;

	if (!catalog_site__init(&made.site, site, is_span_end) || index >= TTLOG_MAX_SITES ||
	    module->slots[index])
		return;
	for (size_t i = 0; i < plan->watch_cnt; i++) {
		if (plan->watches[i].kind == WATCH_EVENT)
			take_event(&made, &plan->watches[i], UINT32_C(1) << i);
		else if (plan->watches[i].kind == WATCH_SLOW)
			take_slow(&made, &plan->watches[i], UINT32_C(1) << i);
	}
	if (!made.events && !made.slows)
		return;
	module->has_slows |= made.slows != 0;
	module->sites[module->site_cnt++] = made;
	module->slots[index] = (uint32_t)module->site_cnt;
	module->is_watched[index] = 1;
}

/* 0 if one of the watched sites leaves none. */
static uint8_t batch_flags(const struct watched_module *module)
{
	uint8_t flags = 0;

	for (size_t i = 0; i < module->site_cnt; i++) {
		if (!module->sites[i].site.site->batch_flag)
			return 0;
		flags |= module->sites[i].site.site->batch_flag;
	}
	return flags;
}

static int fill(struct watched_module *module, const struct trigger_plan *plan)
{
	const struct site_table *table = module->table;
	uint32_t end = 0;

	for (size_t i = 0; i < table->cnt; i++) {
		if (table->sites[i].index < TTLOG_MAX_SITES && table->sites[i].index + 2 > end)
			end = table->sites[i].index + 2;
	}
	module->slots = calloc((size_t)end + 1, sizeof(*module->slots));
	/* large and hardly ever written: it takes as many pages as sites lie in */
	module->is_watched = calloc(TTLOG_MAX_SITES, sizeof(*module->is_watched));
	module->sites = calloc(table->cnt * 2 + 1, sizeof(*module->sites));
	if (!module->slots || !module->is_watched || !module->sites)
		return -ENOMEM;
	for (size_t i = 0; i < table->cnt; i++) {
		add(module, plan, &table->sites[i], false);
		add(module, plan, &table->sites[i], true);
	}
	module->slot_cnt = module->site_cnt ? end : 0;
	module->batch_flags = batch_flags(module);
	return 0;
}

struct watched_module *watched_module__new(const struct trigger_plan *plan,
					   struct site_table *table)
{
	struct watched_module *module = calloc(1, sizeof(*module));

	if (!module) {
		site_table__free(table);
		return NULL;
	}
	module->plan = plan;
	module->table = table;
	if (fill(module, plan)) {
		watched_module__free(module);
		return NULL;
	}
	return module;
}

void watched_module__free(struct watched_module *module)
{
	if (!module)
		return;
	site_table__free(module->table);
	free(module->slots);
	free(module->is_watched);
	free(module->sites);
	free(module);
}

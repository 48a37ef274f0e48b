/* SPDX-License-Identifier: MIT */
/*
 * Which sites of a file a plan's watches are about: decided once, by what is known of a site before
 * it logs. So a batch is only looked at if something in it can make a watch fire, and most records
 * in it cost one look at their head. If all watched sites are of level WARN or above, and leave a
 * flag in their batch (TTLOG_BATCH_LEVEL), batches without it cost nothing.
 */
#ifndef TTLOG_WATCHED_MODULE_H
#define TTLOG_WATCHED_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"

struct site_table;
struct trigger_plan;

/* Watches as bits 1 << place in the plan. */
struct watched_site {
	struct catalog_site site;
	uint32_t events;  /* event watches that its records may match */
	uint32_t certain; /* of these: that all match */
	uint32_t slows;   /* slow watches, if it is a span */
};

struct watched_module {
	const struct trigger_plan *plan;
	struct site_table *table; /* owned */
	uint32_t *slots;          /* by site index: place in sites + 1; 0: it is not watched */
	uint32_t slot_cnt;        /* 0: none is */
	uint8_t *is_watched; /* by site index, whichever a record has: so a look needs no bound */
	struct watched_site *sites;
	size_t site_cnt;
	bool has_slows;      /* some are in `slows` */
	uint8_t batch_flags; /* a batch without any of them has no watched record; 0: unknown */
	size_t use_cnt;      /* processes; the owner counts */
};

/* Takes ownership of the table. NULL without memory: then the table is freed. */
struct watched_module *watched_module__new(const struct trigger_plan *plan,
					   struct site_table *table);
/* NULL is fine. */
void watched_module__free(struct watched_module *module);

/* Whether a batch with these flags (TTLOG_BATCH_*) may have a watched record. */
static inline bool watched_module__wants(const struct watched_module *module, uint8_t flags)
{
	return module->slot_cnt && (!module->batch_flags || module->batch_flags & flags);
}

/* NULL: it is not watched. */
static inline const struct watched_site *watched_module__find(const struct watched_module *module,
							      uint32_t index)
{
	if (index >= module->slot_cnt || !module->slots[index])
		return NULL;
	return &module->sites[module->slots[index] - 1];
}

#endif /* TTLOG_WATCHED_MODULE_H */

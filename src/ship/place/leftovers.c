/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leftovers.h"

void leftovers__begin(const struct nats_place *place, const char *nuid, const char *object)
{
	if (nuid[0])
		(void)ledger__begin_chunks(place->base.setting->ledger, place->base.setting->text,
					   nuid, object);
}

void leftovers__end(const struct nats_place *place, const char *nuid)
{
	(void)ledger__end_chunks(place->base.setting->ledger, place->base.setting->text, nuid);
}

static void take(void *ctx, const struct ledger_chunks *chunks)
{
	struct leftovers *all = ctx;
	struct leftover *one = &all->items[all->cnt];

	if (all->cnt == LEFTOVERS_MOST || (all->object && strcmp(all->object, chunks->object) != 0))
		return;
	(void)snprintf(one->nuid, sizeof(one->nuid), "%s", chunks->nuid);
	(void)snprintf(one->object, sizeof(one->object), "%s", chunks->object);
	all->cnt++;
}

struct leftovers *leftovers__of(const struct nats_place *place, const char *object)
{
	struct leftovers *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->object = object;
	(void)ledger__each_chunks(place->base.setting->ledger, place->base.setting->text, take,
				  all);
	return all;
}

int leftovers__purge(const struct nats_place *place, const char *nuid, struct fleet_error *error)
{
	const int err = bucket__purge_chunks(&place->bucket, nuid, error);

	if (!err)
		leftovers__end(place, nuid);
	return err;
}

int leftovers__purge_others(const struct nats_place *place, const struct object_meta *meta,
			    struct fleet_error *error)
{
	struct leftovers *all = leftovers__of(place, meta->name);
	int err = 0;

	for (size_t i = 0; all && !err && i < all->cnt; i++) {
		if (strcmp(all->items[i].nuid, meta->nuid) != 0)
			err = leftovers__purge(place, all->items[i].nuid, error);
	}
	free(all);
	return err;
}

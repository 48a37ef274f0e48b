/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leftovers.h"

void leftovers__begin(const struct destination *destination, const char *nuid, const char *object)
{
	if (nuid[0])
		(void)ledger__begin_chunks(destination->ledger, destination->text, nuid, object);
}

void leftovers__end(const struct destination *destination, const char *nuid)
{
	(void)ledger__end_chunks(destination->ledger, destination->text, nuid);
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

struct leftovers *leftovers__of(const struct destination *destination, const char *object)
{
	struct leftovers *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->object = object;
	(void)ledger__each_chunks(destination->ledger, destination->text, take, all);
	return all;
}

int leftovers__purge(const struct destination *destination, const char *nuid,
		     struct fleet_error *error)
{
	const int err = bucket__purge_chunks(&destination->bucket, nuid, error);

	if (!err)
		leftovers__end(destination, nuid);
	return err;
}

int leftovers__purge_others(const struct destination *destination, const struct object_meta *meta,
			    struct fleet_error *error)
{
	struct leftovers *all = leftovers__of(destination, meta->name);
	int err = 0;

	for (size_t i = 0; all && !err && i < all->cnt; i++) {
		if (strcmp(all->items[i].nuid, meta->nuid) != 0)
			err = leftovers__purge(destination, all->items[i].nuid, error);
	}
	free(all);
	return err;
}

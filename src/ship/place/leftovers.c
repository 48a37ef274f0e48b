/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leftovers.h"

void leftovers__begin(const struct place_setting *setting, const char *nuid, const char *object)
{
	if (nuid[0])
		(void)ledger__begin_chunks(setting->ledger, setting->text, nuid, object);
}

void leftovers__end(const struct place_setting *setting, const char *nuid)
{
	(void)ledger__end_chunks(setting->ledger, setting->text, nuid);
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

struct leftovers *leftovers__of(const struct place_setting *setting, const char *object)
{
	struct leftovers *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->object = object;
	(void)ledger__each_chunks(setting->ledger, setting->text, take, all);
	return all;
}

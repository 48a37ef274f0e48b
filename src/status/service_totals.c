/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "service_totals.h"

void service_totals__fini(struct service_totals *totals)
{
	free(totals->items);
	*totals = (struct service_totals){ 0 };
}

static struct service_total *find(const struct service_totals *totals, const char *name)
{
	for (size_t i = 0; i < totals->cnt; i++) {
		if (!strcmp(totals->items[i].name, name))
			return &totals->items[i];
	}
	return NULL;
}

static struct service_total *get(struct service_totals *totals, const char *service)
{
	struct service_total *total;
	char name[sizeof(total->name)];

	(void)snprintf(name, sizeof(name), "%s", service ? service : "");
	total = find(totals, name);
	if (total || totals->cnt > SERVICE_TOTALS_MAX)
		return total ? total : find(totals, SERVICE_TOTALS_REST);
	/* the last place is for all others */
	if (totals->cnt == SERVICE_TOTALS_MAX)
		strcpy(name, SERVICE_TOTALS_REST);
	if (array__reserve(totals->items, totals->cnt + 1, &totals->cap))
		return NULL;
	total = &totals->items[totals->cnt++];
	*total = (struct service_total){ 0 };
	strcpy(total->name, name);
	return total;
}

static void add_accounts(struct accounts *to, const struct accounts *from)
{
	to->emitted += from->emitted;
	to->recorded += from->recorded;
	to->overwritten += from->overwritten;
	to->lost_total += from->lost_total;
	to->lost.memory += from->lost.memory;
	to->lost.kernel_ring += from->lost.kernel_ring;
	to->lost.fault += from->lost.fault;
	to->lost.corrupt += from->lost.corrupt;
	to->lost.table_full += from->lost.table_full;
}

void service_totals__add(struct service_totals *totals, const char *service,
			 const struct accounts *accounts, uint64_t bytes, uint64_t flushes)
{
	struct service_total *total = get(totals, service);

	if (!total)
		return;
	total->processes++;
	add_accounts(&total->accounts, accounts);
	total->bytes += bytes;
	total->flushes += flushes;
}

void service_totals__copy(const struct service_totals *totals, struct service_totals *ret)
{
	*ret = (struct service_totals){ 0 };
	if (!totals->cnt || array__reserve(ret->items, totals->cnt, &ret->cap))
		return;
	memcpy(ret->items, totals->items, totals->cnt * sizeof(*ret->items));
	ret->cnt = totals->cnt;
}

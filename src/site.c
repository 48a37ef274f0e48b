/* SPDX-License-Identifier: MIT */
/*
 * Looking up sites by the index that records carry. elf.c makes the tables.
 */
#include <stdlib.h>

#include "site.h"
#include "text_pool.h"

const struct site *site_table__find(const struct site_table *table, uint32_t index)
{
	size_t low = 0, high = table->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->sites[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == table->cnt || table->sites[low].index != index)
		return NULL;
	return &table->sites[low];
}

const struct site *site_table__find_span_end(const struct site_table *table, uint32_t index)
{
	const struct site *site = index ? site_table__find(table, index - 1) : NULL;

	return site && site->kind == TTLOG_SITE_SPAN ? site : NULL;
}

void site_table__free(struct site_table *table)
{
	if (!table)
		return;
	free(table->sites);
	text_pool__free(table->pool);
	free(table);
}

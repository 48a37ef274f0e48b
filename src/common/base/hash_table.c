/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "hash_table.h"

#define FIRST_CAP 64u

static void put(struct hash_table *table, struct hash_slot slot)
{
	uint32_t at = slot.hash & (table->cap - 1);

	while (table->slots[at].entry)
		at = (at + 1) & (table->cap - 1);
	table->slots[at] = slot;
}

static int grow(struct hash_table *table)
{
	struct hash_table grown = { .cap = table->cap ? 2 * table->cap : FIRST_CAP };

	grown.cnt = table->cnt;
	grown.slots = calloc(grown.cap, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->cap; i++) {
		if (table->slots[i].entry)
			put(&grown, table->slots[i]);
	}
	free(table->slots);
	*table = grown;
	return 0;
}

int hash_table__add(struct hash_table *table, uint64_t hash, uint32_t number)
{
	if (table->cnt >= table->cap / 2 && grow(table))
		return -ENOMEM;
	put(table, (struct hash_slot){ hash_table__fold(hash), number + 1 });
	table->cnt++;
	return 0;
}

void hash_table__fini(struct hash_table *table)
{
	free(table->slots);
	*table = (struct hash_table){ .cap = 0 };
}

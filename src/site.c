/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "site.h"
#include "text_pool.h"

struct site_table *site_table__ref(struct site_table *table)
{
	(void)__atomic_add_fetch(&table->more_refs, 1, __ATOMIC_RELAXED);
	return table;
}

void site_table__free(struct site_table *table)
{
	/* acquire and release: what others did with it comes before it is freed */
	if (!table || __atomic_fetch_sub(&table->more_refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(table->sites);
	text_pool__free(table->pool);
	free(table);
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "site.h"
#include "text_pool.h"

void site_table__free(struct site_table *table)
{
	if (!table)
		return;
	free(table->sites);
	text_pool__free(table->pool);
	free(table);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "array.h"
#include "foreign_builder.h"
#include "site.h"
#include "text_pool.h"

struct foreign_builder foreign_builder__begin(struct site_table *table, const char *path,
					      struct foreign_report *report)
{
	return (struct foreign_builder){
		.table = table,
		.path = path,
		.report = report,
		.site_cap = table->cnt,
		.place_cap = table->place_cnt,
	};
}

const char *foreign_builder__text(struct foreign_builder *builder, const char *text)
{
	return text_pool__add(builder->table->pool, text, strlen(text));
}

static uint32_t next_index(const struct site_table *table)
{
	const struct site *last = table->cnt ? &table->sites[table->cnt - 1] : NULL;

	return last ? last->index + 1 + (last->kind == TTLOG_SITE_SPAN) : 0;
}

int foreign_builder__add_site(struct foreign_builder *builder, struct site *site)
{
	struct site_table *table = builder->table;
	const uint32_t index = next_index(table);

	if (index + (site->kind == TTLOG_SITE_SPAN) >= TTLOG_SIDE_SITE)
		return -E2BIG;
	if (array__reserve(table->sites, table->cnt + 1, &builder->site_cap))
		return -ENOMEM;
	site->index = index;
	for (size_t i = 0; i < TTLOG_MAX_FIELDS; i++)
		if (!site->keys[i])
			site->keys[i] = "";
	table->sites[table->cnt++] = *site;
	return 0;
}

int foreign_builder__add_place(struct foreign_builder *builder, const struct foreign_place *place)
{
	struct site_table *table = builder->table;

	if (table->place_cnt == FOREIGN_MAX_PLACES)
		return -E2BIG;
	if (array__reserve(table->places, table->place_cnt + 1, &builder->place_cap))
		return -ENOMEM;
	table->places[table->place_cnt++] = *place;
	return 0;
}

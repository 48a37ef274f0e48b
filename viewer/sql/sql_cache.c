/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "sql_cache.h"

static void forget(struct sql_cached *cached)
{
	free(cached->statement);
	out__fini(&cached->text);
	*cached = (struct sql_cached){ .statement = NULL };
}

struct sql_cached *sql_cache__find(struct sql_cache *cache, const char *statement,
				   enum sql_format format)
{
	for (unsigned i = 0; i < SQL_CACHE_CNT; i++) {
		struct sql_cached *cached = &cache->entries[i];

		if (cached->statement && cached->format == format &&
		    !strcmp(cached->statement, statement))
			return cached;
	}
	return NULL;
}

struct sql_cached *sql_cache__begin(struct sql_cache *cache)
{
	struct sql_cached *cached = &cache->entries[cache->next];

	cache->next = (cache->next + 1) % SQL_CACHE_CNT;
	forget(cached);
	return out__init_memory(&cached->text) ? NULL : cached;
}

void sql_cache__keep(struct sql_cached *cached, const char *statement, enum sql_format format)
{
	if (cached->text.err)
		return;
	cached->statement = strdup(statement);
	cached->format = format;
}

void sql_cache__clear(struct sql_cache *cache)
{
	for (unsigned i = 0; i < SQL_CACHE_CNT; i++)
		forget(&cache->entries[i]);
}

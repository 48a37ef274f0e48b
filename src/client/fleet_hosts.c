/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "fleet_hosts.h"
#include "hash.h"

struct wanted {
	const struct fleet_hosts *hosts;
	const char *token;
};

static bool is_wanted(const void *ctx, uint32_t number)
{
	const struct wanted *wanted = ctx;

	return !strcmp(wanted->hosts->items[number].token, wanted->token);
}

int fleet_hosts__add(struct fleet_hosts *hosts, const char *token)
{
	const struct wanted wanted = { hosts, token };
	const uint64_t hash = hash__bytes(0, token, strlen(token));
	struct fleet_host *host;

	if (hash_table__find(&hosts->by_token, hash, is_wanted, &wanted) != HASH_TABLE_NONE)
		return -EEXIST;
	if (hosts->cnt == FLEET_HOSTS_MOST)
		return -E2BIG;
	if (array__reserve(hosts->items, hosts->cnt + 1, &hosts->cap) ||
	    hash_table__add(&hosts->by_token, hash, (uint32_t)hosts->cnt))
		return -ENOMEM;
	host = &hosts->items[hosts->cnt];
	*host = (struct fleet_host){ .is_over = false };
	(void)strcpy(host->token, token);
	return (int)hosts->cnt++;
}

void fleet_hosts__fini(struct fleet_hosts *hosts)
{
	for (size_t i = 0; i < hosts->cnt; i++)
		free(hosts->items[i].parts.text);
	free(hosts->items);
	hash_table__fini(&hosts->by_token);
}

/* SPDX-License-Identifier: MIT */
/* The hosts that are asked, and what came of each. */
#ifndef TTLOG_FLEET_HOSTS_H
#define TTLOG_FLEET_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "ask_parts.h"
#include "fleet_name.h"
#include "hash_table.h"

#define FLEET_HOSTS_MOST 20000

struct fleet_host {
	char token[FLEET_NAME_BYTES];
	struct ask_parts parts;
	bool is_over; /* it has answered, or can't */
};

/* Starts with zeros. */
struct fleet_hosts {
	struct fleet_host *items;
	size_t cnt, cap, over_cnt;
	struct hash_table by_token;
};

/* Its number; -EEXIST: it is known; -E2BIG; -ENOMEM. */
int fleet_hosts__add(struct fleet_hosts *hosts, const char *token);
void fleet_hosts__fini(struct fleet_hosts *hosts);

#endif /* TTLOG_FLEET_HOSTS_H */

/* SPDX-License-Identifier: MIT */
/*
 * A segment's header as that of a snapshot: sites, threads, modules and stacks, which come in items
 * of their own, are put into the header's map.
 */
#ifndef TTLOG_READ_SEGMENT_HEADER_H
#define TTLOG_READ_SEGMENT_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "ttlog/read.h"

/* A list of one table's elements, from all items. */
struct segment_table {
	const char *key;
	unsigned char *bytes;
	size_t len, cap;
	uint64_t cnt;
};

enum {
	SEGMENT_SITES,
	SEGMENT_THREADS,
	SEGMENT_MODULES,
	SEGMENT_STACK_FRAMES, /* from here on: of the map `stacks` */
	SEGMENT_STACK_LISTS,
	SEGMENT_STACK_EVENTS,
	SEGMENT_TABLE_CNT
};

struct segment_tables {
	struct segment_table lists[SEGMENT_TABLE_CNT];
	uint64_t missed; /* the newest */
};

void segment_tables__init(struct segment_tables *tables);
void segment_tables__fini(struct segment_tables *tables);
/* Takes an item, which has been checked. 0, -EBADMSG: it is not valid, and nothing was taken;
 * -ENOMEM. */
int segment_tables__add(struct segment_tables *tables, const unsigned char *item, size_t len);
/* The header with these tables. The caller frees it. 0, -EBADMSG, -ENOMEM. */
int segment_tables__compose(const struct segment_tables *tables, const unsigned char *header,
			    size_t len, unsigned char **ret, size_t *ret_len);

#endif /* TTLOG_READ_SEGMENT_HEADER_H */

/* SPDX-License-Identifier: MIT */
/*
 * Walking the records of one batch: hostile bytes, every length checked.
 */
#ifndef TTLOG_RECORD_H
#define TTLOG_RECORD_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ttlog/abi.h"

#include "ring_entry.h"

struct record {
	uint32_t delta_ticks;
	uint32_t site_index;
	const unsigned char *fields;
	size_t fields_len; /* with padding */
};

struct record_walk {
	const unsigned char *at;
	const unsigned char *end;
	uint32_t left; /* events, as the batch says: what comes after them was never logged */
};

static inline struct record_walk record_walk__start(const struct ring_entry *entry)
{
	const unsigned char *records = ring_entry__records(entry);

	return (struct record_walk){
		.at = records,
		.end = records + entry->bytes,
		.left = entry->events,
	};
}

/* 1 with the next record, which may be of TTLOG_SIDE_SITE, 0 at the end, -EBADMSG if no record can be here: the rest of the batch is
 * lost, because nothing tells where the next record starts. */
static inline int record_walk__next(struct record_walk *walk, struct record *ret_record)
{
	const size_t left = (size_t)(walk->end - walk->at);
	struct ttlog_record head;
	size_t len;

	if (!left)
		return 0;
	if (left < sizeof(head))
		return -EBADMSG;
	memcpy(&head, walk->at, sizeof(head));
	/* no event counts those that are none */
	if (!walk->left && head.site_len >> TTLOG_RECORD_LEN_BITS != TTLOG_SIDE_SITE)
		return 0;
	len = (size_t)(head.site_len & TTLOG_RECORD_LEN_MASK) * TTLOG_RECORD_ALIGN;
	if (len < sizeof(head) || len > left)
		return -EBADMSG;
	*ret_record = (struct record){
		.delta_ticks = head.delta_ticks,
		.site_index = head.site_len >> TTLOG_RECORD_LEN_BITS,
		.fields = walk->at + sizeof(head),
		.fields_len = len - sizeof(head),
	};
	walk->at += len;
	walk->left -= ret_record->site_index != TTLOG_SIDE_SITE;
	return 1;
}

#endif /* TTLOG_RECORD_H */

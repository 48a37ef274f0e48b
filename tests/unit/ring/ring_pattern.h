/* SPDX-License-Identifier: MIT */
/*
 * Ring entries whose bytes show whether they are whole. First include <cmocka.h> and what it needs.
 */
#ifndef TTLOG_TESTS_RING_PATTERN_H
#define TTLOG_TESTS_RING_PATTERN_H

#include <stdint.h>
#include <string.h>

#include "ring.h"

#define PATTERN_MAX_BYTES 6000u

/* Entry `number`: its length, thread and every byte follow from the number. */
static inline uint32_t pattern_bytes(uint64_t number)
{
	return (uint32_t)(number * 7919 % PATTERN_MAX_BYTES);
}

static inline struct ring_entry pattern_entry(uint64_t number)
{
	return (struct ring_entry){
		.bytes = pattern_bytes(number),
		.events = (uint32_t)(number % 9 + 1),
		.thread = (uint32_t)(number * 3),
		.module = (uint32_t)(number * 5),
		.base_ticks = number * 11,
		.stamp_ns = number * 13,
		.seq = number,
		.clock = 2,
	};
}

static inline void fill_pattern(unsigned char *bytes, uint64_t number, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(number * 31 + i);
}

static inline int is_whole(const struct ring_entry *entry)
{
	const struct ring_entry expected = pattern_entry(entry->seq);
	const unsigned char *bytes = ring_entry__records(entry);

	if (memcmp(entry, &expected, sizeof(expected)) != 0)
		return 0;
	for (size_t i = 0; i < entry->bytes; i++)
		if (bytes[i] != (unsigned char)(entry->seq * 31 + i))
			return 0;
	return 1;
}

static inline void write_pattern(struct ring *ring, uint64_t number)
{
	const struct ring_entry entry = pattern_entry(number);
	unsigned char bytes[PATTERN_MAX_BYTES];

	fill_pattern(bytes, number, entry.bytes);
	assert_int_equal(ring__write(ring, &entry, bytes), 0);
}

#endif /* TTLOG_TESTS_RING_PATTERN_H */

/* SPDX-License-Identifier: MIT */
/* The packet by which a client of the control socket starts to follow. */
#ifndef TTLOG_TESTS_MAKE_FOLLOW_H
#define TTLOG_TESTS_MAKE_FOLLOW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "control_wire.h"

/* Returns the packet's length. */
static inline size_t make_follow(char *to, uint32_t format, const char *filter, size_t filter_bytes)
{
	struct control_wire_follow wire = {
		.magic = CONTROL_WIRE_FOLLOW_MAGIC,
		.version = CONTROL_WIRE_VERSION,
		.format = format,
		.filter_bytes = (uint32_t)filter_bytes,
	};

	memcpy(to, &wire, sizeof(wire));
	memcpy(to + sizeof(wire), filter, filter_bytes);
	return sizeof(wire) + filter_bytes;
}

#endif /* TTLOG_TESTS_MAKE_FOLLOW_H */

/* SPDX-License-Identifier: MIT */
/*
 * An event of a probe that is not ours, as the kernel sent it: a message, or a record in a thread's
 * chunk. It becomes a record like any other (foreign_batch.h).
 */
#ifndef TTLOG_FOREIGN_EVENT_H
#define TTLOG_FOREIGN_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct site;

/* The most that a record of one takes. */
#define FOREIGN_EVENT_MAX_BYTES                                                                    \
	(sizeof(struct ttlog_record) + TTLOG_MAX_FIELDS * (1 + sizeof(uint16_t) + TTLOG_STR_MAX) + \
	 TTLOG_RECORD_ALIGN)

/* Pointers go to where it was read. */
struct foreign_event {
	uint64_t time_ns;
	uint64_t begin_ns;     /* of a span that ends */
	uint32_t module, site; /* as in struct wire_event */
	uint32_t missing;
	uint8_t place_kind, value_cnt;
	const uint64_t *values;
	const char *texts;
	size_t text_bytes;
	size_t slot_bytes; /* from one text to the next; 0: each is padded to 8 bytes */
};

/* bytes: of the message, at least those of its struct. */
void foreign_event__of_message(const struct wire_event *message, size_t bytes,
			       struct foreign_event *ret);
/* The first of these records. Returns how many bytes it has; 0: it is none. */
size_t foreign_event__of_record(const void *records, size_t bytes, struct foreign_event *ret);

/* The record of a program that would have logged it, but for delta_ticks. site: of event->site.
 * to: with room for FOREIGN_EVENT_MAX_BYTES. Returns its bytes; 0: they do not fit together. */
size_t foreign_event__put(const struct foreign_event *event, const struct site *site,
			  struct ttlog_record *to);

#endif /* TTLOG_FOREIGN_EVENT_H */

/* SPDX-License-Identifier: MIT */
/*
 * An event of a probe that is not ours becomes a record in a batch of its own: from there on it is
 * an event like any other.
 */
#ifndef TTLOG_FOREIGN_EVENT_H
#define TTLOG_FOREIGN_EVENT_H

#include <stddef.h>

#include "wire.h"

struct site;

/* The most that an event takes. */
#define FOREIGN_EVENT_MAX_BYTES                                                                    \
	(sizeof(struct wire_batch) + sizeof(struct ttlog_record) +                                 \
	 TTLOG_MAX_FIELDS * (1 + sizeof(uint16_t) + TTLOG_STR_MAX) + TTLOG_RECORD_ALIGN)

/*
 * The batch that a program would have sent, by the kernel's clock. site: of event->site. bytes: of
 * the message, at least those of its struct. NULL: they do not fit together.
 */
const struct wire_batch *foreign_event__pack(const struct wire_event *event, size_t bytes,
					     const struct site *site,
					     char room[FOREIGN_EVENT_MAX_BYTES]);

#endif /* TTLOG_FOREIGN_EVENT_H */

/* SPDX-License-Identifier: MIT */
/*
 * Events of probes that are not ours, one after another, become the batch that a program would have
 * sent: from there on they are events like any others. They are of one thread and one module.
 */
#ifndef TTLOG_FOREIGN_BATCH_H
#define TTLOG_FOREIGN_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign_event.h"
#include "wire.h"

struct site;

/* As many bytes of records, and one more record. */
#define FOREIGN_BATCH_BYTES WIRE_CHUNK_BYTES

struct foreign_batch {
	struct wire_batch message;
	char records[FOREIGN_BATCH_BYTES + FOREIGN_EVENT_MAX_BYTES];
	size_t bytes; /* of records */
};

/* An empty one, by the kernel's clock. head: of the thread. */
void foreign_batch__begin(struct foreign_batch *batch, const struct wire_head *head,
			  const struct foreign_event *first);
/* Whether it can have the event, too. */
bool foreign_batch__has_room(const struct foreign_batch *batch, const struct foreign_event *event);
/* site: of event->site. False: they do not fit together. */
bool foreign_batch__add(struct foreign_batch *batch, const struct foreign_event *event,
			const struct site *site);
/* Until the next one begins. NULL: it has no events. */
const struct wire_batch *foreign_batch__message(struct foreign_batch *batch);

#endif /* TTLOG_FOREIGN_BATCH_H */

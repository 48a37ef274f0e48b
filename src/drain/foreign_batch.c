/* SPDX-License-Identifier: MIT */
#include "foreign_batch.h"
#include "site.h"

void foreign_batch__begin(struct foreign_batch *batch, const struct wire_head *head,
			  const struct foreign_event *first)
{
	struct wire_batch *message = &batch->message;

	message->head = *head;
	message->head.kind = WIRE_BATCH;
	message->head.module = first->module;
	message->head.stamp_ns = first->time_ns;
	message->address = 0;
	message->batch = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = TTLOG_CLOCK_MONOTONIC,
		.flags = TTLOG_BATCH_ALONE,
		.base_ticks = first->time_ns,
	};
	batch->bytes = 0;
}

bool foreign_batch__has_room(const struct foreign_batch *batch, const struct foreign_event *event)
{
	const uint64_t base_ns = batch->message.batch.base_ticks;

	return batch->bytes < FOREIGN_BATCH_BYTES && event->module == batch->message.head.module &&
	       event->time_ns >= base_ns && event->time_ns - base_ns <= UINT32_MAX;
}

bool foreign_batch__add(struct foreign_batch *batch, const struct foreign_event *event,
			const struct site *site)
{
	struct ttlog_record *record = (struct ttlog_record *)(batch->records + batch->bytes);
	const size_t bytes = foreign_event__put(event, site, record);

	if (!bytes)
		return false;
	record->delta_ticks = (uint32_t)(event->time_ns - batch->message.batch.base_ticks);
	batch->bytes += bytes;
	batch->message.batch.committed += UINT64_C(1) << 32 | bytes;
	/* it was sent after its last event */
	if (event->time_ns > batch->message.head.stamp_ns)
		batch->message.head.stamp_ns = event->time_ns;
	return true;
}

const struct wire_batch *foreign_batch__message(struct foreign_batch *batch)
{
	batch->message.head.bytes = (uint32_t)(sizeof(batch->message) + batch->bytes);
	return batch->bytes ? &batch->message : NULL;
}

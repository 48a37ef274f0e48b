/* SPDX-License-Identifier: MIT */
/*
 * Reads the kernel's ring buffers: messages of `lifecycle` are kept until all others are taken.
 */
#include <errno.h>
#include <string.h>

#include "sched_wire.h"
#include "wire.h"
#include "barrier.h"
#include "drain_parts.h"
#include "event_chunks.h"
#include "recorder.h"
#include "wire_ring.h"

static int take_message(void *ctx, void *data, size_t size)
{
	struct backlog *backlog = ctx;
	size_t room = sizeof(uint64_t) + ((size + 7) & ~(size_t)7);
	uint64_t len = size;

	if (room > DRAIN_BACKLOG_BYTES - backlog->len)
		return 0; /* no message of ours is so large */
	memcpy(backlog->bytes + backlog->len, &len, sizeof(len));
	memcpy(backlog->bytes + backlog->len + sizeof(len), data, size);
	backlog->len += room;
	/* the rest is for the next round: a flood must not keep batches waiting, nor take all
	 * memory */
	return backlog->len >= BACKLOG_MAX ? -EAGAIN : 0;
}

static void take_records(void *ctx, const struct wire_head *thread, const void *records,
			 size_t bytes)
{
	struct drain *drain = ctx;

	if (barrier__load_acquire(&drain->mailbox.filled))
		drain__take_attached(drain);
	recorder__take_records(drain->recorder, thread, records, bytes);
	drain->round_bytes += bytes;
}

static int take_event(void *ctx, void *data, size_t size)
{
	struct drain *drain = ctx;
	const struct wire_event *event = data;
	const struct wire_chunk_begun *begun = data;

	if (drain->rings.chunks && size >= sizeof(*begun) && begun->kind == WIRE_CHUNK)
		event_chunks__begin(drain->rings.chunks, begun, take_records, drain);
	if (size < sizeof(*event) || event->head.bytes < sizeof(*event) || event->head.bytes > size)
		goto out;
	if (barrier__load_acquire(&drain->mailbox.filled))
		drain__take_attached(drain);
	if (drain->rings.chunks && event->head.kind == WIRE_EVENT)
		event_chunks__take_before(drain->rings.chunks, event, take_records, drain);
	recorder__take_event(drain->recorder, event, event->head.bytes);
out:
	drain->round_bytes += size;
	return drain->round_bytes >= drain->options.batches_bytes ? -EAGAIN : 0;
}

static int take_batch(void *ctx, void *data, size_t size)
{
	struct drain *drain = ctx;
	const struct wire_batch *message = data;

	/* so that what was posted before this batch was flushed is taken first */
	if (barrier__load_acquire(&drain->mailbox.filled))
		drain__take_attached(drain);
	/* likewise, so that the stacks of its events are known */
	if (drain->options.has_stacks)
		(void)wire_ring__take(drain->rings.events, take_event, drain, 0);
	if (size >= sizeof(*message) && message->head.bytes >= sizeof(*message) &&
	    message->head.bytes <= size)
		recorder__take_batch(drain->recorder, message);
	drain->round_bytes += size;
	/* once around: a flood must not keep lifecycle messages waiting */
	return drain->round_bytes >= drain->options.batches_bytes ? -EAGAIN : 0;
}

static int take_sched(void *ctx, void *data, size_t size)
{
	struct drain *drain = ctx;

	if (size >= sizeof(struct sched_message))
		recorder__take_sched(drain->recorder, data);
	drain->round_bytes += size;
	return drain->round_bytes >= drain->options.batches_bytes ? -EAGAIN : 0;
}

static bool take_events(struct drain *drain, uint64_t longest_ns)
{
	bool whole;

	if (!drain->rings.events)
		return true;
	drain->round_bytes = 0;
	whole = wire_ring__take(drain->rings.events, take_event, drain, longest_ns);
	if (drain->rings.chunks)
		event_chunks__take_all(drain->rings.chunks, take_records, drain);
	recorder__end_events(drain->recorder);
	return whole;
}

static bool take_batches_within(struct drain *drain, uint64_t longest_ns)
{
	bool whole;

	drain->round_bytes = 0;
	whole = wire_ring__take(drain->rings.batches, take_batch, drain, longest_ns);
	if (drain->rings.sched) {
		drain->round_bytes = 0;
		whole &= wire_ring__take(drain->rings.sched, take_sched, drain, longest_ns);
	}
	processes__tell_consumed(&drain->recorder->processes);
	return take_events(drain, longest_ns) && whole;
}

bool drain__take_batches(void *ctx)
{
	return take_batches_within(ctx, DRAIN_WHOLE_WAIT_NS);
}

static size_t smallest(uint32_t kind)
{
	static const size_t sizes[] = {
		[WIRE_BATCH] = sizeof(struct wire_batch),
		[WIRE_TAIL] = sizeof(struct wire_batch),
		[WIRE_BEGIN] = sizeof(struct wire_thread),
		[WIRE_END] = sizeof(struct wire_thread),
		[WIRE_CRASH] = sizeof(struct wire_crash),
		[WIRE_REPORTER] = sizeof(struct wire_crash),
		[WIRE_REQUEST] = sizeof(struct wire_request),
		[WIRE_EXIT] = sizeof(struct wire_exit),
		[WIRE_FAULT] = sizeof(struct wire_fault),
		[WIRE_THROWN] = sizeof(struct wire_thrown),
		[WIRE_STACK] = sizeof(struct wire_stack),
		[WIRE_OTHER] = sizeof(struct wire_other),
	};

	return kind < sizeof(sizes) / sizeof(*sizes) ? sizes[kind] : 0;
}

static void handle_lifecycle(struct drain *drain)
{
	struct backlog *backlog = &drain->backlog;

	for (size_t at = 0; at < backlog->len;) {
		const struct wire_head *head;
		uint64_t size;

		memcpy(&size, backlog->bytes + at, sizeof(size));
		head = (const struct wire_head *)(backlog->bytes + at + sizeof(size));
		at += sizeof(size) + ((size + 7) & ~7ull);
		if (size < sizeof(*head) || size < smallest(head->kind) || head->bytes > size)
			continue;
		/* a snapshot by request has what other threads have not flushed; a program may ask
		 * in a loop, and have thousands of threads */
		if (head->kind == WIRE_REQUEST && recorder__heeds_request(drain->recorder, head))
			puller__pull(&drain->recorder->puller, head->tgid, &drain->meanwhile);
		recorder__take_message(drain->recorder, head);
	}
	backlog->len = 0;
}

void drain__take_all(struct drain *drain, uint64_t longest_ns)
{
	bool whole;

	/* many messages may wait for batches */
	whole = drain->backlog.len < BACKLOG_MAX &&
		wire_ring__take(drain->rings.lifecycle, take_message, &drain->backlog, longest_ns);
	drain->is_behind = !whole;
	whole = take_batches_within(drain, longest_ns);
	drain->is_behind |= !whole;
	drain__take_attached(drain);
	if (!whole)
		return;
	handle_lifecycle(drain);
	if (!drain->is_behind)
		ends__round(&drain->recorder->ends);
}

/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * With --stack: where a thread is that is about to log an event. For our own marks the probe is on
 * the mark's own nop, before the event is appended: so the thread's batch says which event it will
 * be. An event of another probe is a message that follows, and says so. This is a help: an event whose stack has no room goes without it, and that is counted.
 */
#ifndef TTLOG_EVENT_STACK_BPF_H
#define TTLOG_EVENT_STACK_BPF_H

#include "death.bpf.h"
#include "foreign.bpf.h"

const volatile bool has_stacks = false;

/* The thread's batch in that module; 0: it has none yet. */
static __always_inline u64 batch_in(struct task_struct *task, u32 module)
{
	u64 key = thread_key(task);
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);

	for (u32 i = 0; own && i < WIRE_MAX_MODULES; i++) {
		if (own->module[i] == module && own->address[i] && !(own->left[i] & WIRE_LEFT_GONE))
			return own->address[i];
	}
	return 0;
}

/* is_alone: as in the message. Returns whether it was sent. */
static __always_inline bool event_stack__try(const struct hit *hit, bool is_alone)
{
	const u64 address = is_alone ? 0 : batch_in(hit->task, hit->module);
	struct wire_event_stack *message;
	struct ttlog_batch batch = {};
	u64 page, wake;

	if (address &&
	    (bpf_probe_read_user(&batch, sizeof(batch), (void *)address) || !is_batch(&batch)))
		return false;
	message = reserve_event(hit, sizeof(*message), &wake);
	if (!message)
		return false;
	stamp_as(&message->head, hit->task, WIRE_EVENT_STACK, sizeof(*message), hit->module);
	message->address = address;
	message->ordinal = batch.events_before + (batch.committed >> 32);
	message->site = hit->place->site;
	message->is_alone = is_alone;
	copy_registers(message->registers);
	page = (hit->sp - RED_ZONE_BYTES) & ~(WIRE_STACK_PAGE_BYTES - 1ull);
	for (int i = 0; i < WIRE_OTHER_PAGES; i++, page += WIRE_STACK_PAGE_BYTES) {
		message->addresses[i] = page;
		if (bpf_probe_read_user(message->pages[i], WIRE_STACK_PAGE_BYTES, (void *)page))
			message->addresses[i] = 0;
	}
	bpf_ringbuf_submit(message, wake);
	return true;
}

/* Likewise, and counts it if it was not. */
static __always_inline bool event_stack__send(const struct hit *hit)
{
	struct wire_process *process;

	if (event_stack__try(hit, hit->place->kind != WIRE_PLACE_STACK))
		return true;
	process = process__of(hit->task);
	if (process)
		__sync_fetch_and_add(&process->lost_stacks, 1);
	return false;
}

#endif /* TTLOG_EVENT_STACK_BPF_H */

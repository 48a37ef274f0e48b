/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Events of probes that are not ours, as messages in ring buffer `events`: those that can't be in
 * their thread's chunk.
 */
#ifndef TTLOG_FOREIGN_MESSAGE_BPF_H
#define TTLOG_FOREIGN_MESSAGE_BPF_H

#include "chunk.bpf.h"
#include "foreign_value.bpf.h"

/* What one key may hold of `events`, if others need room, too; see has_room_for(). */
#define EVENTS_LITTLE  (64u << 10)
#define EVENTS_RESERVE 8 /* this part of the buffer */

const volatile __u64 events_bytes = 0; /* size of ring buffer `events` */

/* By a probe's cookie. The collector writes it before it makes the link. Most places are in their
 * slot: to search a hash map takes 12 ns more. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_PLACE_SLOTS);
	__type(key, u32);
	__type(value, struct wire_place_slot);
} place_slots SEC(".maps");

HASH_MAP(places, WIRE_MAX_PLACES, u64, struct wire_place);

static __always_inline struct wire_place *find_place(u64 cookie)
{
	const u32 index = WIRE_PLACE_SLOT(cookie);
	struct wire_place_slot *slot = bpf_map_lookup_elem(&place_slots, &index);

	return slot && slot->cookie == cookie ? &slot->place
					      : bpf_map_lookup_elem(&places, &cookie);
}

struct share_key {
	u64 place; /* as the key of `places` */
	u64 tgid;
};

/*
 * What one place of one process may have in `events`. `current` are the bytes that were sent since
 * the buffer's end was at `from`, `before` those of the time before that. Once the reader has passed
 * `from`, it has read all of `before`.
 */
struct share {
	u64 from, current, before;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct share_key);
	__type(value, struct share);
} shares SEC(".maps");

struct hit {
	struct pt_regs *registers;
	struct task_struct *task;
	struct event_thread *thread; /* NULL: it can have no chunk */
	const struct wire_place *place;
	u64 number;   /* of the place: as the key of `places` */
	u64 begin_ns; /* of a span that begins or ends */
	u64 sp;
	u32 module;
	u32 chunk, has_stack; /* as in struct wire_event */
};

static const struct share no_share = {};

static __always_inline struct share *share_of(u32 tgid, u64 place)
{
	const struct share_key key = { place, tgid };
	struct share *share = bpf_map_lookup_elem(&shares, &key);

	if (share)
		return share;
	bpf_map_update_elem(&shares, &key, &no_share, BPF_NOEXIST);
	return bpf_map_lookup_elem(&shares, &key);
}

/*
 * So that a place that is hit all the time leaves room for the others: it gets as much as is still
 * free, and nothing of the last part. Threads may race here: then it is a little more or less. While
 * the buffer is nearly empty, nothing is counted: looking up a share takes some 40 ns.
 */
static __always_inline bool has_room_for(u32 tgid, u64 place, u64 bytes, u64 used)
{
	const u64 free = events_bytes - used;
	struct share *share;
	u64 held;

	if (used <= events_bytes / EVENTS_RESERVE)
		return true;
	if (used > events_bytes || bytes > free)
		return false;
	share = share_of(tgid, place);
	if (!share)
		return false;
	if (bpf_ringbuf_query(&events, BPF_RB_CONS_POS) >= share->from) {
		share->before = share->current;
		share->current = 0;
		share->from = bpf_ringbuf_query(&events, BPF_RB_PROD_POS);
	}
	held = share->before + share->current + bytes;
	if (held > EVENTS_LITTLE && (held > free || free < events_bytes / EVENTS_RESERVE))
		return false;
	__sync_fetch_and_add(&share->current, bytes);
	return true;
}

/* NULL: there is no room. *ret_wake: for bpf_ringbuf_submit(). */
static __always_inline void *reserve_event(const struct hit *hit, const u32 bytes, u64 *ret_wake)
{
	const u64 used = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	/* as each 16th fills: to wake the reader costs more than an event */
	*ret_wake = (used ^ (used + bytes)) & -(events_bytes / 16) ? BPF_RB_FORCE_WAKEUP
								   : BPF_RB_NO_WAKEUP;
	if (!has_room_for(hit->task->tgid, hit->number, bytes, used))
		return NULL;
	return bpf_ringbuf_reserve(&events, bytes, 0);
}

static __always_inline void count_lost_event(const struct task_struct *task)
{
	struct wire_process *process = process__of(task);

	if (!process)
		return;
	__sync_fetch_and_add(&process->lost_alone_events, 1);
	__sync_fetch_and_add(&process->lost_ring_events, 1);
}

static __always_inline void count_nulls(const struct task_struct *task)
{
	struct wire_process *process = process__of(task);

	if (process)
		__sync_fetch_and_add(&process->nulls, 1);
}

static __always_inline void begin_event(struct wire_event *event, struct task_struct *task,
					u32 module, u32 site, u8 kind)
{
	stamp_as(&event->head, task, WIRE_EVENT, sizeof(*event), module);
	event->begin_ns = 0;
	event->site = site;
	event->slot_bytes = 0;
	event->slot_cnt = 0;
	event->value_cnt = 0;
	event->place_kind = kind;
	event->chunk = 0;
	event->has_stack = 0;
	event->values.missing = 0;
}

/* The next slot gets the text. Returns false if it does not fit there. A null text is no failure. */
static __always_inline bool read_text(struct wire_event *event, u32 i, u8 kind, const u32 slots,
				      const u32 slot_bytes)
{
	const u64 address = event->values.list[i];
	u64 slot = event->slot_cnt, room = slot_bytes, next = slot_bytes;
	long len;

	/* for the verifier of 6.1, as in load() */
	barrier_var(slot);
	event->values.list[i] = WIRE_NULL_TEXT;
	if (!address || event->values.missing >> i & 1)
		return true;
	if (slot >= slots)
		return false;
	/* its length is the value after it, which is a number */
	if (kind == WIRE_TEXT_UP_TO && i + 1 < TTLOG_MAX_FIELDS)
		next = event->values.list[i + 1];
	if (next < slot_bytes)
		room = next + 1;
	barrier_var(room);
	if (!room || room > slot_bytes)
		room = slot_bytes;
	len = bpf_probe_read_user_str(event->text + slot * slot_bytes, room, (void *)address);
	if (len == slot_bytes && slot_bytes < WIRE_SLOT_MAX_BYTES)
		return false;
	if (len < 0) {
		event->values.missing |= 1u << i;
		return true;
	}
	event->values.list[i] = len;
	event->slot_cnt = slot + 1;
	return true;
}

static __always_inline bool read_texts(const struct wire_place *place, struct wire_event *event,
				       const u32 slots, const u32 slot_bytes)
{
	event->slot_bytes = slot_bytes;
	for (u32 i = 0; i < TTLOG_MAX_FIELDS; i++) {
		if (i >= place->value_cnt)
			break;
		if (place->values[i].text &&
		    !read_text(event, i, place->values[i].text, slots, slot_bytes))
			return false;
	}
	return true;
}

/* -E2BIG: texts need larger slots. */
static __always_inline int send_class(const struct hit *hit, const u32 slots, const u32 slot_bytes)
{
	const u32 bytes = sizeof(struct wire_event) + slots * slot_bytes;
	struct wire_event *event;
	bool has_missing;
	u64 wake;

	event = reserve_event(hit, bytes, &wake);
	if (!event)
		return -ENOSPC;
	begin_event(event, hit->task, hit->module, hit->place->site, hit->place->kind);
	event->head.bytes = bytes;
	event->begin_ns = hit->begin_ns;
	event->chunk = hit->chunk;
	event->has_stack = hit->has_stack;
	event->value_cnt = hit->place->value_cnt;
	foreign__read_values(hit->place, &event->values);
	if (slots && !read_texts(hit->place, event, slots, slot_bytes)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return -E2BIG;
	}
	has_missing = event->values.missing;
	bpf_ringbuf_submit(event, wake);
	if (has_missing)
		count_nulls(hit->task);
	return 0;
}

/* An event as a message of its own. chunk, has_stack: as in struct wire_event. A global function,
 * which the verifier walks once. */
__attribute__((noinline)) int foreign__send_message(const struct wire_place *place, u64 number,
						    u64 begin_ns, u32 chunk, u32 has_stack)
{
	const struct hit hit = { .task = acting_task(),
				 .place = place,
				 .number = number,
				 .begin_ns = begin_ns,
				 .module = number >> 32,
				 .chunk = chunk,
				 .has_stack = has_stack };
	u32 texts;
	int err;

	if (!place)
		return 0;
	texts = place->text_cnt;
	if (!texts)
		err = send_class(&hit, 0, 0);
	else if (texts <= WIRE_FEW_SLOTS)
		err = send_class(&hit, WIRE_FEW_SLOTS, WIRE_SLOT_BYTES);
	else
		err = send_class(&hit, TTLOG_MAX_FIELDS, WIRE_SLOT_BYTES);
	if (err == -E2BIG && texts <= WIRE_FEW_SLOTS)
		err = send_class(&hit, WIRE_FEW_SLOTS, WIRE_SLOT_MAX_BYTES);
	else if (err == -E2BIG)
		err = send_class(&hit, TTLOG_MAX_FIELDS, WIRE_SLOT_MAX_BYTES);
	if (err)
		count_lost_event(hit.task);
	return 0;
}

/* The end of a span whose function did not return: that is known at a hit of another place. Else as
 * above. */
__attribute__((noinline)) int foreign__send_end(u64 number, u32 module, u32 site, u64 begin_ns,
						u32 chunk)
{
	const struct hit hit = { .task = acting_task(), .number = number };
	struct wire_event *event;
	u64 wake;

	event = reserve_event(&hit, sizeof(*event), &wake);
	if (!event) {
		count_lost_event(hit.task);
		return 0;
	}
	begin_event(event, hit.task, module, site, WIRE_PLACE_JUMP);
	event->begin_ns = begin_ns;
	event->chunk = chunk;
	bpf_ringbuf_submit(event, wake);
	return 0;
}

#endif /* TTLOG_FOREIGN_MESSAGE_BPF_H */

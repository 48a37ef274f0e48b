/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Events of probes that are not ours: USDT probes of others, and functions. A place's plan says what
 * to read; each event is a message of its own, in ring buffer `events`.
 *
 * A span is a function's run. Each thread has a stack of those that are open, by the stack pointer
 * at entry. A frame whose function was left by longjmp() or an exception is known when the stack
 * pointer is above it, and ends then.
 */
#ifndef TTLOG_FOREIGN_BPF_H
#define TTLOG_FOREIGN_BPF_H

#include "batch.bpf.h"

/* Of one thread; deeper calls are not recorded, but counted. */
#define MAX_FRAMES 128

/* Frames that are further from each other are on different stacks: neither says anything about the
 * other. */
#define STACK_REACH (64ull << 20)

/* What one key may hold of `events`, if others need room, too; see has_room_for(). */
#define EVENTS_LITTLE  (64u << 10)
#define EVENTS_RESERVE 8 /* this part of the buffer */

const volatile __u64 events_bytes = 0; /* size of ring buffer `events` */
/* with track_all: also record each process that hits one (--all); else a library's would do so (-e) */
const volatile bool foreign_tracks = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* By a probe's cookie. The collector writes it before it makes the link. */
HASH_MAP(places, WIRE_MAX_PLACES, u64, struct wire_place);

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

struct frame {
	u64 sp;
	u64 begin_ns;
	u32 module, site;
};

struct frames {
	u64 cnt;
	struct frame list[MAX_FRAMES];
};

HASH_MAP(frames_by_thread, 65536, u64, struct frames);

struct hit {
	struct task_struct *task;
	struct wire_process *process;
	struct wire_place *place;
	u64 number;   /* of the place: as the key of `places` */
	u64 begin_ns; /* of a span that ends */
	u64 sp;
	u32 module;
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

static __always_inline void count_lost_event(struct wire_process *process)
{
	__sync_fetch_and_add(&process->lost_alone_events, 1);
	__sync_fetch_and_add(&process->lost_ring_events, 1);
}

/* ---- Values. These are global functions, which the verifier walks once. ---- */

static __always_inline u64 register_of(u8 word)
{
	const char *registers = (const char *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 value = 0;

	if (word != WIRE_NO_REGISTER)
		bpf_probe_read_kernel(&value, sizeof(value), registers + word * sizeof(value));
	return value;
}

static __always_inline u64 widen(u64 value, u8 bytes, bool is_signed)
{
	const u32 shift = (64 - bytes * 8) & 63;

	return is_signed ? (u64)((s64)(value << shift) >> shift) : value << shift >> shift;
}

/* 0, or an error: then the value is unknown. */
static __always_inline int load(u64 address, u8 bytes, u64 *ret)
{
	u64 value = 0, some = bytes & 7;
	int err;

	/* one register from here on, for the verifier of 6.1 */
	barrier_var(some);
	if (some)
		err = bpf_probe_read_user(&value, some, (void *)address);
	else
		err = bpf_probe_read_user(&value, sizeof(value), (void *)address);
	*ret = value;
	return err;
}

/* 0, or an error: it could not be read. Of a text, its address. */
__attribute__((noinline)) int foreign__read_value(const struct wire_value *plan, u64 *ret)
{
	u64 value;
	int err = 0;

	if (!plan || !ret)
		return -EFAULT;
	value = plan->offset;
	if (plan->from == WIRE_REGISTER)
		value += register_of(plan->base) >> (plan->shift & 63);
	else if (plan->from == WIRE_MEMORY)
		err = load(value + register_of(plan->base) +
				   (register_of(plan->index) << (plan->shift & 63)),
			   plan->step_cnt ? 8 : plan->bytes, &value);
	else if (plan->from != WIRE_CONSTANT)
		return -EFAULT;
	for (u32 i = 0; i < WIRE_MAX_STEPS && !err; i++) {
		const bool is_last = i + 1 == plan->step_cnt;

		if (i >= plan->step_cnt)
			break;
		value += plan->steps[i];
		if (!is_last || plan->text != WIRE_TEXT_AT)
			err = load(value, is_last ? plan->bytes : 8, &value);
	}
	*ret = plan->text ? value : widen(value, plan->bytes, plan->is_signed);
	return err;
}

/* Numbers, and addresses of texts. (What is in a message is no known value to the verifier, so it
 * walks the loop once.) */
__attribute__((noinline)) int foreign__read_values(const struct wire_place *place,
						   struct wire_values *ret)
{
	if (!place || !ret)
		return 0;
	for (u32 i = 0; i < TTLOG_MAX_FIELDS; i++) {
		if (i >= place->value_cnt)
			break;
		if (foreign__read_value(&place->values[i], &ret->list[i]))
			ret->missing |= 1u << i;
	}
	return 0;
}

/* ---- Messages ---- */

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
	event->reserved = 0;
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
	event->value_cnt = hit->place->value_cnt;
	foreign__read_values(hit->place, &event->values);
	if (slots && !read_texts(hit->place, event, slots, slot_bytes)) {
		bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
		return -E2BIG;
	}
	has_missing = event->values.missing;
	bpf_ringbuf_submit(event, wake);
	if (has_missing)
		__sync_fetch_and_add(&hit->process->nulls, 1);
	return 0;
}

static __always_inline void send_event(const struct hit *hit)
{
	const u32 texts = hit->place->text_cnt;
	int err;

	if (!texts)
		err = send_class(hit, 0, 0);
	else if (texts <= WIRE_FEW_SLOTS)
		err = send_class(hit, WIRE_FEW_SLOTS, WIRE_SLOT_BYTES);
	else
		err = send_class(hit, TTLOG_MAX_FIELDS, WIRE_SLOT_BYTES);
	if (err == -E2BIG && texts <= WIRE_FEW_SLOTS)
		err = send_class(hit, WIRE_FEW_SLOTS, WIRE_SLOT_MAX_BYTES);
	else if (err == -E2BIG)
		err = send_class(hit, TTLOG_MAX_FIELDS, WIRE_SLOT_MAX_BYTES);
	if (err)
		count_lost_event(hit->process);
}

/* ---- Spans ---- */

struct walk {
	const struct hit *hit;
	struct frames *frames;
	bool is_any; /* also a frame at the stack pointer itself; else only those below it */
};

/* The end of a span whose function did not return. */
static __always_inline void send_end(const struct hit *hit, const struct frame *frame)
{
	u64 wake;
	struct wire_event *event = reserve_event(hit, sizeof(*event), &wake);

	if (!event) {
		count_lost_event(hit->process);
		return;
	}
	begin_event(event, hit->task, frame->module, frame->site, WIRE_PLACE_JUMP);
	event->begin_ns = frame->begin_ns;
	bpf_ringbuf_submit(event, wake);
}

/* Takes the top frame away if its function has ended without our seeing it. 1: no more of them. */
static long drop_top(u32 at, struct walk *walk)
{
	struct frames *frames = walk->frames;
	const u32 top = frames->cnt - 1;
	struct frame *frame;

	if (top >= MAX_FRAMES)
		return 1;
	frame = &frames->list[top];
	if (frame->sp > walk->hit->sp || (frame->sp == walk->hit->sp && !walk->is_any) ||
	    walk->hit->sp - frame->sp > STACK_REACH)
		return 1;
	send_end(walk->hit, frame);
	frames->cnt = top;
	return 0;
}

static __always_inline struct frames *frames_of(struct task_struct *task, bool makes)
{
	static const struct frames none = {};
	const u64 key = thread_key(task);
	struct frames *frames = bpf_map_lookup_elem(&frames_by_thread, &key);

	if (frames || !makes)
		return frames;
	bpf_map_update_elem(&frames_by_thread, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&frames_by_thread, &key);
}

static __always_inline void drop_ended(const struct hit *hit, struct frames *frames, bool is_any)
{
	struct walk walk = { hit, frames, is_any };

	if (frames->cnt)
		bpf_loop(MAX_FRAMES, drop_top, &walk, 0);
}

static __always_inline void begin_span(struct hit *hit)
{
	struct frames *frames = frames_of(hit->task, true);
	u32 cnt;

	if (frames)
		drop_ended(hit, frames, true);
	cnt = frames ? frames->cnt : MAX_FRAMES;
	if (!frames || cnt >= MAX_FRAMES) {
		__sync_fetch_and_add(&hit->process->lost_alone_events, 1);
		__sync_fetch_and_add(&hit->process->lost_table_events, 1);
		return;
	}
	hit->begin_ns = bpf_ktime_get_ns();
	frames->list[cnt] = (struct frame){ hit->sp, hit->begin_ns, hit->module, hit->place->site };
	frames->cnt = cnt + 1;
	send_event(hit);
}

/* Nothing is sent if the function was entered before the recording began, or was not recorded. */
static __always_inline void end_span(struct hit *hit)
{
	struct frames *frames = frames_of(hit->task, false);
	struct frame *frame;
	u32 top;

	if (!frames)
		return;
	drop_ended(hit, frames, false);
	top = frames->cnt - 1;
	if (top >= MAX_FRAMES)
		return;
	frame = &frames->list[top];
	if (frame->sp != hit->sp || frame->site != hit->place->site || frame->module != hit->module)
		return;
	hit->begin_ns = frame->begin_ns;
	frames->cnt = top;
	send_event(hit);
}

/* The thread ends, or runs another program. */
static __always_inline void frames__forget(u32 tgid, u32 tid)
{
	const u64 key = (u64)tgid << 32 | tid;

	bpf_map_delete_elem(&frames_by_thread, &key);
}

#endif /* TTLOG_FOREIGN_BPF_H */

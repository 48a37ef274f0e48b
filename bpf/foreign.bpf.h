/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Events of probes that are not ours: USDT probes of others, and functions. A place's plan says what
 * to read. The event is a record in its thread's chunk; if that can't be, a message of its own.
 *
 * A span is a function's run. Each thread has a stack of those that are open, by the stack pointer
 * at entry. A frame whose function was left by longjmp() or an exception is known when the stack
 * pointer is above it, and ends then.
 */
#ifndef TTLOG_FOREIGN_BPF_H
#define TTLOG_FOREIGN_BPF_H

#include "foreign_record.bpf.h"

/* Of one thread; deeper calls are not recorded, but counted. */
#define MAX_FRAMES 128

/* Frames that are further from each other are on different stacks: neither says anything about the
 * other. */
#define STACK_REACH (64ull << 20)

/* with track_all: also record each process that hits one (--all); else a library's would do so (-e) */
const volatile bool foreign_tracks = false;

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

struct walk {
	struct hit *hit;
	struct frames *frames;
	bool is_any; /* also a frame at the stack pointer itself; else only those below it */
};

/* The end of a span whose function did not return. */
static __always_inline void send_end(const struct hit *hit, const struct frame *frame)
{
	u32 chunk = WIRE_CHUNK_UNKNOWN;

	if (hit->thread &&
	    !foreign__append_end(hit->thread, frame->module, frame->site, frame->begin_ns))
		return;
	if (hit->thread)
		chunk = chunk__close(hit->thread);
	foreign__send_end(hit->number, frame->module, frame->site, frame->begin_ns, chunk);
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

static __always_inline void drop_ended(struct hit *hit, struct frames *frames, bool is_any)
{
	struct walk walk = { hit, frames, is_any };

	if (frames->cnt)
		bpf_loop(MAX_FRAMES, drop_top, &walk, 0);
}

static __always_inline void count_lost_span(const struct task_struct *task)
{
	struct wire_process *process = process__of(task);

	if (!process)
		return;
	__sync_fetch_and_add(&process->lost_alone_events, 1);
	__sync_fetch_and_add(&process->lost_table_events, 1);
}

/* Whether it is an event. */
static __always_inline bool begin_span(struct hit *hit)
{
	struct frames *frames = frames_of(hit->task, true);
	u32 cnt;

	if (frames)
		drop_ended(hit, frames, true);
	cnt = frames ? frames->cnt : MAX_FRAMES;
	if (!frames || cnt >= MAX_FRAMES) {
		count_lost_span(hit->task);
		return false;
	}
	hit->begin_ns = bpf_ktime_get_ns();
	frames->list[cnt] = (struct frame){ hit->sp, hit->begin_ns, hit->module, hit->place->site };
	frames->cnt = cnt + 1;
	return true;
}

/* Nothing is sent if the function was entered before the recording began, or was not recorded. */
static __always_inline bool end_span(struct hit *hit)
{
	struct frames *frames = frames_of(hit->task, false);
	struct frame *frame;
	u32 top;

	if (!frames)
		return false;
	drop_ended(hit, frames, false);
	top = frames->cnt - 1;
	if (top >= MAX_FRAMES)
		return false;
	frame = &frames->list[top];
	if (frame->sp != hit->sp || frame->site != hit->place->site || frame->module != hit->module)
		return false;
	hit->begin_ns = frame->begin_ns;
	frames->cnt = top;
	return true;
}

/* ---- Threads ---- */

/* Whether its process is recorded. Mostly this was looked up at an earlier hit. */
static __always_inline bool find_thread(struct hit *hit)
{
	const u64 key = bpf_get_current_pid_tgid();
	const u64 forgotten = *(volatile u64 *)&forgotten_cnt;
	struct wire_process *process;

	hit->thread = chunk_cnt ? event_thread__find(key) : NULL;
	hit->task = bpf_get_current_task_btf();
	/* a task that may act for its parent has no entry, nor does a task that acts get a parent */
	if (hit->thread && hit->thread->forgotten_cnt == forgotten)
		return true;
	hit->task = acting_task();
	process = foreign_tracks ? process__acting(hit->task) : process__of(hit->task);
	if (!process) {
		if (hit->thread)
			(void)chunk__close(hit->thread);
		return false;
	}
	if (thread_key(hit->task) != key || !chunk_cnt) {
		hit->thread = NULL;
		return true;
	}
	if (!hit->thread)
		hit->thread = event_thread__make(key);
	if (hit->thread)
		hit->thread->forgotten_cnt = forgotten;
	return true;
}

/* The thread ends, or runs another program. */
static __always_inline void frames__forget(u32 tgid, u32 tid)
{
	const u64 key = (u64)tgid << 32 | tid;

	bpf_map_delete_elem(&frames_by_thread, &key);
}

#endif /* TTLOG_FOREIGN_BPF_H */

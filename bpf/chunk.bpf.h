/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Chunks: where events of probes that are not ours are written, thread by thread. A message for each
 * event would cost more than all else that a hit does. So a thread takes a chunk, fills it, and takes
 * the next one; the collector reads them through its own mapping, whenever it likes.
 *
 * Only the thread itself writes to its chunk, in its own programs: these can't interrupt each other.
 * A child after vfork() has its parent's events sent as messages: the parent may be killed meanwhile.
 * The memory is not the program's, so it outlives the thread.
 *
 * Without a free chunk, events are messages in ring buffer `events`, as those are that do not fit. To
 * keep a thread's events in order, it gives up its chunk first, and the message names it.
 */
#ifndef TTLOG_CHUNK_BPF_H
#define TTLOG_CHUNK_BPF_H

#include "batch.bpf.h"

const volatile __u32 chunk_cnt = 0;

__u64 begun_chunks = 0; /* ever */
__u64 freed_chunks = 0; /* likewise; the collector counts them */

/* How many processes the collector has forgotten; it raises it after each. */
__u64 forgotten_cnt = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct wire_chunk);
} chunks SEC(".maps");

/* The last one that was read comes first: it is still in a cache. The collector puts them there. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__type(value, u32);
} free_chunks SEC(".maps");

struct event_thread {
	u64 key;           /* as thread_key(); 0: free */
	u64 forgotten_cnt; /* as its process was last seen to be recorded */
	u32 chunk;         /* + 1; 0: none */
	u32 reserved;
};

/* By the lower bits of the tid. To search a hash map takes 12 ns more, of some 60 for a hit. */
#define THREAD_SLOTS 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, THREAD_SLOTS);
	__type(key, u32);
	__type(value, struct event_thread);
} thread_slots SEC(".maps");

/* Threads whose slot another one has. */
HASH_MAP(event_threads, 65536, u64, struct event_thread);

static __always_inline struct event_thread *event_thread__slot(u64 key)
{
	const u32 index = (u32)key & (THREAD_SLOTS - 1);

	return bpf_map_lookup_elem(&thread_slots, &index);
}

static __always_inline struct event_thread *event_thread__find(u64 key)
{
	struct event_thread *thread = event_thread__slot(key);

	return thread && thread->key == key ? thread : bpf_map_lookup_elem(&event_threads, &key);
}

/* Only for the thread that runs. NULL: there is no memory. */
static __always_inline struct event_thread *event_thread__make(u64 key)
{
	const struct event_thread fresh = { .key = key };
	struct event_thread *thread = event_thread__slot(key);

	if (thread && !__sync_val_compare_and_swap(&thread->key, 0, key))
		return thread;
	bpf_map_update_elem(&event_threads, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&event_threads, &key);
}

/* It has no chunk. */
static __always_inline void event_thread__remove(struct event_thread *thread, u64 key)
{
	if (thread != event_thread__slot(key)) {
		bpf_map_delete_elem(&event_threads, &key);
		return;
	}
	thread->forgotten_cnt = 0;
	(void)__sync_lock_test_and_set(&thread->key, 0);
}

/* The collector sees all that was written before. */
static __always_inline void chunk__publish(struct wire_chunk *chunk, u64 used)
{
#ifdef __TARGET_ARCH_x86
	barrier();
	*(volatile u64 *)&chunk->used = used;
#else
	/* no other order of stores is there before 6.15 */
	(void)__sync_lock_test_and_set(&chunk->used, used);
#endif
}

static __always_inline struct wire_chunk *chunk__find(u32 number)
{
	const u32 index = number - 1;

	return number ? bpf_map_lookup_elem(&chunks, &index) : NULL;
}

/* Gives up the thread's chunk. Returns its number + 1, 0 if it has none. */
static __always_inline u32 chunk__close(struct event_thread *thread)
{
	const u32 number = thread->chunk;
	struct wire_chunk *chunk = chunk__find(number);

	thread->chunk = 0;
	if (chunk)
		(void)__sync_lock_test_and_set(&chunk->closed, 1);
	return number;
}

/* Takes another one for the thread that runs. 0, or an error: there is none. A global function, which
 * the verifier walks once. */
__attribute__((noinline)) int chunk__begin(struct event_thread *thread)
{
	struct wire_chunk_begun *message;
	struct wire_chunk *chunk;
	u32 index;
	u64 begun;

	if (!thread || begun_chunks - freed_chunks >= chunk_cnt)
		return -ENOSPC;
	message = bpf_ringbuf_reserve(&events, sizeof(*message), 0);
	if (!message)
		return -ENOSPC;
	if (bpf_map_pop_elem(&free_chunks, &index))
		goto discard;
	chunk = bpf_map_lookup_elem(&chunks, &index);
	if (!chunk)
		goto discard;
	stamp_as(&chunk->head, bpf_get_current_task_btf(), WIRE_CHUNK, 0, 0);
	chunk->used = 0;
	chunk->closed = 0;
	message->kind = WIRE_CHUNK;
	message->bytes = sizeof(*message);
	message->earlier = chunk__close(thread);
	message->chunk = index;
	thread->chunk = index + 1;
	/* as each 16th is used: to wake the reader costs more than an event */
	begun = __sync_fetch_and_add(&begun_chunks, 1);
	bpf_ringbuf_submit(message,
			   begun % (chunk_cnt / 16 + 1) ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
	return 0;
discard:
	bpf_ringbuf_discard(message, BPF_RB_NO_WAKEUP);
	return -ENOSPC;
}

/* The chunk of the thread that runs, if it is filled up to `limit` at most; else another one. NULL:
 * there is none. */
static __always_inline struct wire_chunk *chunk__with_room(struct event_thread *thread,
							   const u64 limit)
{
	struct wire_chunk *chunk = chunk__find(thread->chunk);

	if (chunk && chunk->used <= limit)
		return chunk;
	return chunk__begin(thread) ? NULL : chunk__find(thread->chunk);
}

/* What comes later is in another chunk: the thread has a new name. Returns the thread; NULL: it has
 * had no events. */
static __always_inline struct event_thread *chunk__leave(u32 tgid, u32 tid)
{
	struct event_thread *thread = NULL;

	if (chunk_cnt)
		thread = event_thread__find((u64)tgid << 32 | tid);
	if (thread)
		(void)chunk__close(thread);
	return thread;
}

/* The thread ends, or runs another program. */
static __always_inline void chunk__forget(u32 tgid, u32 tid)
{
	struct event_thread *thread = chunk__leave(tgid, tid);

	if (thread)
		event_thread__remove(thread, (u64)tgid << 32 | tid);
}

#endif /* TTLOG_CHUNK_BPF_H */

/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Batches: from the program's memory into a ring buffer in one copy, and the table of which thread
 * has which.
 *
 * Everything here that comes from the program is hostile: an address may be anything, a head may
 * change while it is read. The length is clamped, what was read is what is sent, and the collector
 * checks it again.
 */
#ifndef TTLOG_BATCH_BPF_H
#define TTLOG_BATCH_BPF_H

#include "message.bpf.h"

#define ENOSPC 28
#define EFAULT 14

#define MESSAGE_BYTES(batch_bytes)                                                                 \
	(sizeof(struct wire_batch) - sizeof(struct ttlog_batch) + (batch_bytes))

/*
 * bpf_ringbuf_reserve() takes constant sizes only, hence the classes; a batch goes into the
 * smallest that holds it.
 */
#define BATCH_CLASSES(X)                                                                           \
	X(128)                                                                                     \
	X(512)                                                                                     \
	X(2048)                                                                                    \
	X(8192)                                                                                    \
	X(16384)                                                                                   \
	X(TTLOG_BATCH_DEFAULT_BYTES)                                                               \
	X(TTLOG_BATCH_MAX_BYTES + 128)

/* Copies into a message of one class. `bytes` is at most `class_bytes`. */
static __always_inline int copy_class(void *ring, u32 kind, u64 address, u64 bytes, u32 module,
				      const u32 class_bytes, u64 wake)
{
	struct wire_batch *message = bpf_ringbuf_reserve(ring, MESSAGE_BYTES(class_bytes), 0);

	if (!message)
		return -ENOSPC;
	if (bpf_probe_read_user(&message->batch, bytes, (void *)address)) {
		bpf_ringbuf_discard(message, BPF_RB_NO_WAKEUP);
		return -EFAULT;
	}
	stamp(&message->head, kind, bytes + sizeof(*message) - sizeof(message->batch), module);
	message->address = address;
	bpf_ringbuf_submit(message, wake);
	return 0;
}

static __always_inline int copy_batch(void *ring, u32 kind, u64 address, u64 bytes, u32 module,
				      u64 wake)
{
	/* one register from here on, so that the verifier sees each comparison hold in the copy */
	barrier_var(bytes);
#define TRY_CLASS(size)                                                                            \
	if (bytes <= (size))                                                                       \
		return copy_class(ring, kind, address, bytes, module, (size), wake);
	BATCH_CLASSES(TRY_CLASS)
#undef TRY_CLASS
	return -EFAULT;
}

/*
 * Whether a process may put more into `batches`: what it holds there is at most SHARE times what is
 * free for all (dynamic threshold, Choudhury and Hahne 1998). One flooding process gets four fifths
 * of the ring, two get four ninths each, and there is always something left for who comes next.
 */
#define SHARE 4

static __always_inline bool has_share(struct wire_process *process, u32 tgid, u64 bytes, u64 used)
{
	u64 *read = bpf_map_lookup_elem(&consumed, &tgid);
	u64 submitted = process->submitted_bytes;
	/* more was read than this one has sent: of an earlier process with its number */
	u64 held = read && *read > submitted ? 0 : submitted - (read ? *read : 0);
	u64 free = used < batches_bytes ? batches_bytes - used : 0;

	return held + bytes <= SHARE * free && bytes <= free;
}

static __always_inline void count_lost(struct wire_process *process, int err, u64 events, u8 flags)
{
	if (err == -ENOSPC) {
		__sync_fetch_and_add(&process->lost_ring_batches, 1);
		__sync_fetch_and_add(&process->lost_ring_events, events);
	} else {
		__sync_fetch_and_add(&process->lost_fault_batches, 1);
		__sync_fetch_and_add(&process->lost_fault_events, events);
	}
	if (flags & TTLOG_BATCH_ALONE)
		__sync_fetch_and_add(&process->lost_alone_events, events);
}

/* Reads a batch's head, and how long the whole of it is. */
static __always_inline int read_head(struct wire_process *process, u64 address,
				     struct ttlog_batch *head, u64 *ret_bytes)
{
	u64 bytes;

	if (bpf_probe_read_user(head, sizeof(*head), (void *)address)) {
		__sync_fetch_and_add(&process->lost_fault_batches, 1);
		return -EFAULT;
	}
	bytes = (u32)head->committed + sizeof(*head);
	if (head->magic != TTLOG_BATCH_MAGIC || head->version != TTLOG_ABI_VERSION ||
	    bytes > TTLOG_BATCH_MAX_BYTES + 128) {
		__sync_fetch_and_add(&process->corrupt_batches, 1);
		return -EFAULT;
	}
	*ret_bytes = bytes;
	return 0;
}

static __always_inline void batch__flush(struct wire_process *process, u64 address, u32 module)
{
	u64 used = bpf_ringbuf_query(&batches, BPF_RB_AVAIL_DATA);
	u32 tgid = acting_task()->tgid;
	struct ttlog_batch head;
	u64 bytes, room;
	int err = -ENOSPC;

	if (read_head(process, address, &head, &bytes) || bytes == sizeof(head))
		return;
	room = MESSAGE_BYTES(bytes);
	if (has_share(process, tgid, room, used))
		err = copy_batch(&batches, WIRE_BATCH, address, bytes, module,
				 used + room >= wake_bytes ? BPF_RB_FORCE_WAKEUP
							   : BPF_RB_NO_WAKEUP);
	if (err)
		count_lost(process, err, head.committed >> 32, head.flags);
	else
		__sync_fetch_and_add(&process->submitted_bytes, room);
}

/*
 * What a dying thread has left in one batch; its head goes even where nothing is left, because it
 * closes the accounts. A global function, so that the verifier walks it once and not for each of a
 * thread's batches: three programs of 0.4 s each otherwise.
 */
__attribute__((noinline)) int batch__send_tail(u64 address, u32 module)
{
	struct wire_process *process = process__find(current_tgid());
	struct ttlog_batch head;
	u64 bytes;
	int err;

	if (!process)
		return 0;
	err = read_head(process, address, &head, &bytes);
	if (err)
		return err;
	err = copy_batch(&deaths, WIRE_TAIL, address, bytes, module, BPF_RB_FORCE_WAKEUP);
	if (err == -ENOSPC) {
		/* many die at once; here what it sends is bounded by what it is */
		err = copy_batch(&batches, WIRE_TAIL, address, bytes, module, BPF_RB_FORCE_WAKEUP);
		if (!err)
			__sync_fetch_and_add(&process->submitted_bytes, MESSAGE_BYTES(bytes));
	}
	if (err)
		count_lost(process, err, head.committed >> 32, head.flags);
	return err;
}

/*
 * What is in a batch by now, as by a flush, but it stays there, too: where there is no room nothing
 * is lost by that. In `batches`, where what the thread flushes later comes later. A global function
 * as above.
 */
__attribute__((noinline)) int batch__send_so_far(u64 address, u32 module)
{
	struct wire_process *process = process__find(current_tgid());
	u64 used = bpf_ringbuf_query(&batches, BPF_RB_AVAIL_DATA);
	struct ttlog_batch head;
	u64 bytes, room;
	int err;

	if (!process)
		return 0;
	err = read_head(process, address, &head, &bytes);
	if (err || bytes == sizeof(head))
		return err;
	room = MESSAGE_BYTES(bytes);
	if (!has_share(process, current_tgid(), room, used))
		return -ENOSPC;
	err = copy_batch(&batches, WIRE_BATCH, address, bytes, module, BPF_RB_NO_WAKEUP);
	if (!err)
		__sync_fetch_and_add(&process->submitted_bytes, room);
	return err;
}

static __always_inline void send_thread(struct wire_process *process, u32 kind, u64 address,
					u32 module)
{
	struct wire_thread *message = message__reserve(process, sizeof(*message));

	if (!message)
		return;
	stamp(&message->head, kind, 0, module);
	message->address = address;
	if (bpf_probe_read_user(&message->batch, sizeof(message->batch), (void *)address))
		message->batch.magic = 0;
	message__submit(message);
}

#define REGISTER_TRIES 16

/* The slot with that address, WIRE_MAX_MODULES where there is none. */
static __always_inline u32 find_slot(const struct wire_thread_batches *own, u64 address)
{
	u32 i = 0;

	while (i < WIRE_MAX_MODULES && own->address[i] != address)
		i++;
	return i;
}

/* Keeps in mind that the acting thread has a batch there. */
static __always_inline void batch__register(struct wire_process *process, u64 address, u32 module)
{
	u64 key = thread_key(acting_task());
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);
	u32 slot;

	/* a CPU has a few elements in stock, and more a moment later: threads begin in crowds */
	for (int i = 0; !own && i < REGISTER_TRIES; i++) {
		bpf_map_update_elem(&threads, &key, &no_batches, BPF_NOEXIST);
		own = bpf_map_lookup_elem(&threads, &key);
	}
	if (!own) {
		__sync_fetch_and_add(&process->table_full, 1);
		return;
	}
	if (find_slot(own, address) < WIRE_MAX_MODULES)
		return;
	slot = find_slot(own, 0);
	if (slot >= WIRE_MAX_MODULES) {
		__sync_fetch_and_add(&process->table_full, 1);
		return;
	}
	own->address[slot] = address;
	own->module[slot] = module;
	send_thread(process, WIRE_BEGIN, address, module);
}

static __always_inline void batch__unregister(struct wire_process *process, u64 address, u32 module)
{
	u64 key = thread_key(acting_task());
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);
	u32 slot;

	if (!own)
		return;
	slot = find_slot(own, address);
	if (slot >= WIRE_MAX_MODULES)
		return;
	own->address[slot] = 0;
	send_thread(process, WIRE_END, address, module);
}

#endif /* TTLOG_BATCH_BPF_H */

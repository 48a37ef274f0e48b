/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Batches: one copy from the program's memory into a ring buffer, and the table of each thread's
 * batches.
 *
 * Everything that comes from the program is hostile: an address may be anything, a head may change
 * while it is read. The length is clamped, what was copied is sent, and the collector checks it
 * again.
 */
#ifndef TTLOG_BATCH_BPF_H
#define TTLOG_BATCH_BPF_H

#include "message.bpf.h"

#define E2BIG   7
#define EAGAIN  11
#define EFAULT  14
#define ENOSPC  28
#define EBADMSG 74

#define MESSAGE_BYTES(batch_bytes)                                                                 \
	(sizeof(struct wire_batch) - sizeof(struct ttlog_batch) + (batch_bytes))

#define MAX_RECORDS_BYTES (TTLOG_BATCH_MAX_BYTES - sizeof(struct ttlog_batch))

/*
 * bpf_ringbuf_reserve() takes constant sizes only, so there are size classes. A batch goes into the
 * smallest class that holds it. One record alone can be a little larger than 64 KiB.
 */
#define BATCH_CLASSES(X)                                                                           \
	X(128)                                                                                     \
	X(512)                                                                                     \
	X(2048)                                                                                    \
	X(8192)                                                                                    \
	X(16384)                                                                                   \
	X(TTLOG_BATCH_DEFAULT_BYTES)                                                               \
	X(65536 + 128)                                                                             \
	X(131072)                                                                                  \
	X(TTLOG_BATCH_MAX_BYTES)

static __always_inline bool is_batch(const struct ttlog_batch *head)
{
	return head->magic == TTLOG_BATCH_MAGIC && TTLOG_ABI_IS_KNOWN(head->version);
}

/* Copies a batch into a message of one class. `bytes` is at most `class_bytes`. */
static __always_inline int copy_class(void *ring, const struct wire_head *head, u64 address,
				      u64 bytes, const u32 class_bytes, u64 wake)
{
	struct wire_batch *message = bpf_ringbuf_reserve(ring, MESSAGE_BYTES(class_bytes), 0);

	if (!message)
		return -ENOSPC;
	if (bpf_probe_read_user(&message->batch, bytes, (void *)address)) {
		bpf_ringbuf_discard(message, BPF_RB_NO_WAKEUP);
		return -EFAULT;
	}
	if (!is_batch(&message->batch)) {
		bpf_ringbuf_discard(message, BPF_RB_NO_WAKEUP);
		return -EBADMSG;
	}
	message->head = *head;
	message->address = address;
	bpf_ringbuf_submit(message, wake);
	return 0;
}

/* `head` is stamped; head->bytes is the size of the whole message. */
static __always_inline int copy_batch(void *ring, const struct wire_head *head, u64 address,
				      u64 wake)
{
	u64 bytes = head->bytes - MESSAGE_BYTES(0);

	/* one register from here on, so that the verifier sees each comparison bound the copy */
	barrier_var(bytes);
#define TRY_CLASS(size)                                                                            \
	if (bytes <= (size))                                                                       \
		return copy_class(ring, head, address, bytes, (size), wake);
	BATCH_CLASSES(TRY_CLASS)
#undef TRY_CLASS
	return -EBADMSG;
}

/*
 * Whether a process may put more into `batches`. It may hold at most SHARE times what is free for
 * all (dynamic threshold, Choudhury and Hahne 1998). One flooding process gets four fifths of the
 * ring, two get four ninths each, and some room is always left for the next process. Room for one
 * more message of that size counts as taken: large messages fill the share in large steps, and
 * several threads may send at once.
 *
 * Many floods would leave little, and a thread may be preempted between this look and its reserving:
 * some threads of floods can take what was left at once. So all that hold more than a little have to
 * leave a reserve, and room for some messages of that size besides.
 */
#define SHARE   4
#define LITTLE  (batches_bytes / 32)
#define RESERVE (batches_bytes / 8)
#define RACERS  6

static __always_inline bool has_share(struct wire_process *process, u32 tgid, u64 bytes, u64 used)
{
	u64 free = used < batches_bytes ? batches_bytes - used : 0;
	u64 *read;
	u64 held;

	if (2 * bytes > free)
		return false;
	free -= 2 * bytes;
	/* it holds no more than all processes together, which is mostly little */
	if (used + bytes <= SHARE * free)
		return true;
	read = bpf_map_lookup_elem(&consumed, &tgid);
	held = process->submitted_bytes;
	/* if more was read than it has sent, the count is of an earlier process with its tgid */
	if (read)
		held = *read > held ? 0 : held - *read;
	if (held > LITTLE && free < RESERVE + RACERS * bytes)
		return false;
	return held + bytes <= SHARE * free;
}

/* Counts what could not be sent, by cause (`err`). The batch's head says how many events it has. */
static __always_inline void count_lost(struct wire_process *process, int err, u64 address)
{
	struct ttlog_batch head;
	u64 events;

	if (err != -EBADMSG && bpf_probe_read_user(&head, sizeof(head), (void *)address)) {
		__sync_fetch_and_add(&process->lost_fault_batches, 1);
		return;
	}
	if (err == -EBADMSG || !is_batch(&head)) {
		__sync_fetch_and_add(&process->corrupt_batches, 1);
		return;
	}
	events = head.committed >> 32;
	if (err == -ENOSPC) {
		__sync_fetch_and_add(&process->lost_ring_batches, 1);
		__sync_fetch_and_add(&process->lost_ring_events, events);
	} else {
		__sync_fetch_and_add(&process->lost_fault_batches, 1);
		__sync_fetch_and_add(&process->lost_fault_events, events);
	}
	if (head.flags & TTLOG_BATCH_ALONE)
		__sync_fetch_and_add(&process->lost_alone_events, events);
}

/* `bytes` comes from the program. The collector compares it with the batch's own size. */
static __always_inline void batch__flush(struct task_struct *task, struct wire_process *process,
					 u64 address, u64 bytes, u32 module)
{
	u64 used = bpf_ringbuf_query(&batches, BPF_RB_AVAIL_DATA);
	u64 room = MESSAGE_BYTES(bytes);
	struct wire_head head;
	int err = -ENOSPC;

	if (bytes < sizeof(struct ttlog_batch) || bytes > TTLOG_BATCH_MAX_BYTES) {
		count_lost(process, -EBADMSG, address);
		return;
	}
	if (has_share(process, task->tgid, room, used)) {
		stamp_as(&head, task, WIRE_BATCH, room, module);
		err = copy_batch(&batches, &head, address,
				 used + room >= wake_bytes ? BPF_RB_FORCE_WAKEUP
							   : BPF_RB_NO_WAKEUP);
	}
	if (err)
		count_lost(process, err, address);
	else
		__sync_fetch_and_add(&process->submitted_bytes, room);
}

static __always_inline bool send_thread(struct task_struct *task, struct wire_process *process,
					u32 kind, u64 address, u32 module)
{
	struct wire_thread *message = message__reserve_said(process, sizeof(*message));

	if (!message)
		return false;
	stamp_as(&message->head, task, kind, 0, module);
	message->address = address;
	if (bpf_probe_read_user(&message->batch, sizeof(message->batch), (void *)address))
		message->batch.magic = 0;
	message__submit(message);
	return true;
}

/*
 * Sends what a dying thread has left in one batch. The head is sent even if nothing is left,
 * because it closes the accounts. Returns how many bytes were sent; -EAGAIN: it is more than
 * `room`. A global function, so that the verifier walks it once, and not once for each batch.
 */
__attribute__((noinline)) int batch__send_tail(u64 address, u32 module, u64 room)
{
	struct wire_process *process = process__find(current_tgid());
	struct ttlog_batch batch;
	struct wire_head head;
	u64 bytes, used;
	int err;

	if (!process)
		return 0;
	err = bpf_probe_read_user(&batch, sizeof(batch), (void *)address);
	if (!err && (!is_batch(&batch) || (u32)batch.committed > MAX_RECORDS_BYTES))
		err = -EBADMSG;
	if (err) {
		count_lost(process, err, address);
		return err;
	}
	bytes = MESSAGE_BYTES(sizeof(batch) + (u32)batch.committed);
	if (bytes > room)
		return -EAGAIN;
	stamp_as(&head, bpf_get_current_task_btf(), WIRE_TAIL, bytes, module);
	err = -ENOSPC;
	if (lifecycle__has_room(2))
		err = copy_batch(&lifecycle, &head, address, BPF_RB_FORCE_WAKEUP);
	used = bpf_ringbuf_query(&batches, BPF_RB_AVAIL_DATA);
	if (err == -ENOSPC && has_share(process, head.tgid, bytes, used)) {
		/* many threads die at once */
		err = copy_batch(&batches, &head, address, BPF_RB_FORCE_WAKEUP);
		if (!err)
			__sync_fetch_and_add(&process->submitted_bytes, bytes);
	}
	if (err) {
		count_lost(process, err, address);
		/* a page of it is missing, and nothing may wait for it here: send the head */
		if (err == -EFAULT)
			(void)send_thread(bpf_get_current_task_btf(), process, WIRE_END, address,
					  module);
		return err;
	}
	return bytes;
}

/*
 * Sends what is in a batch now, like a flush. But the batch keeps it, so nothing is lost if there
 * is no room. It goes to `batches`, so that the thread's later flushes come after it. A global
 * function, as above.
 */
__attribute__((noinline)) int batch__send_so_far(u64 address, u32 module)
{
	struct wire_process *process = process__find(current_tgid());
	u64 used = bpf_ringbuf_query(&batches, BPF_RB_AVAIL_DATA);
	struct ttlog_batch batch;
	struct wire_head head;
	u64 bytes;
	int err;

	if (!process)
		return 0;
	err = bpf_probe_read_user(&batch, sizeof(batch), (void *)address);
	if (err || !is_batch(&batch) || !(u32)batch.committed ||
	    (u32)batch.committed > MAX_RECORDS_BYTES)
		return err;
	bytes = MESSAGE_BYTES(sizeof(batch) + (u32)batch.committed);
	if (!has_share(process, current_tgid(), bytes, used))
		return -ENOSPC;
	stamp_as(&head, bpf_get_current_task_btf(), WIRE_BATCH, bytes, module);
	err = copy_batch(&batches, &head, address, BPF_RB_NO_WAKEUP);
	if (!err)
		__sync_fetch_and_add(&process->submitted_bytes, bytes);
	return err;
}

/* Keeps the number of events in a batch that could not be sent, for the accounts. */
static __always_inline void leave_count(struct wire_thread_batches *own, u32 i, u64 address)
{
	struct ttlog_batch head;

	if (bpf_probe_read_user(&head, sizeof(head), (void *)address) == 0)
		own->left[i] = (head.events_before + (head.committed >> 32)) & ~WIRE_LEFT_GONE;
}

#define REGISTER_TRIES 16

/* The slot with that address; WIRE_MAX_MODULES: there is none. */
static __always_inline u32 find_slot(const struct wire_thread_batches *own, u64 address)
{
	u32 i = 0;

	while (i < WIRE_MAX_MODULES && own->address[i] != address)
		i++;
	return i;
}

/* Remembers that the acting thread has a batch at `address`. */
static __always_inline void batch__register(struct task_struct *task, struct wire_process *process,
					    u64 address, u32 module)
{
	u64 key = thread_key(task);
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);
	u32 slot;

	/* a CPU has few spare elements, and more a moment later: many threads begin at once */
	for (int i = 0; !own && i < REGISTER_TRIES; i++) {
		bpf_map_update_elem(&threads, &key, &no_batches, BPF_NOEXIST);
		own = bpf_map_lookup_elem(&threads, &key);
	}
	if (!own) {
		__sync_fetch_and_add(&process->table_full, 1);
		return;
	}
	slot = find_slot(own, address);
	if (slot < WIRE_MAX_MODULES && !(own->left[slot] & WIRE_LEFT_GONE))
		return;
	/* a batch that was given up when no message had room: its own count goes on from here */
	if (slot >= WIRE_MAX_MODULES)
		slot = find_slot(own, 0);
	if (slot >= WIRE_MAX_MODULES) {
		__sync_fetch_and_add(&process->table_full, 1);
		return;
	}
	own->address[slot] = address;
	own->module[slot] = module;
	own->left[slot] = 0;
	(void)send_thread(task, process, WIRE_BEGIN, address, module);
}

static __always_inline void batch__unregister(struct task_struct *task,
					      struct wire_process *process, u64 address, u32 module)
{
	u64 key = thread_key(task);
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);
	u32 slot;

	if (!own)
		return;
	slot = find_slot(own, address);
	if (slot >= WIRE_MAX_MODULES)
		return;
	if (!send_thread(task, process, WIRE_END, address, module))
		leave_count(own, slot, address);
	if (!own->left[slot]) {
		own->address[slot] = 0;
		return;
	}
	own->left[slot] |= WIRE_LEFT_GONE;
	__sync_fetch_and_add(&process->lost_tails, 1);
}

#endif /* TTLOG_BATCH_BPF_H */

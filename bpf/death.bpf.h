/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * Death: what a thread had not flushed, and how the process ended.
 *
 * These functions run on the dying thread, while its memory is still there. When the signal is
 * delivered, interrupts are off: then at most as much as one batch holds is taken. What is left of
 * a thread with many full batches is taken when it exits.
 */
#ifndef TTLOG_DEATH_BPF_H
#define TTLOG_DEATH_BPF_H

#include "batch.bpf.h"
#include "sender.bpf.h"

#define SIGQUIT           3
#define SIGILL            4
#define SIGTRAP           5
#define SIGABRT           6
#define SIGBUS            7
#define SIGFPE            8
#define SIGSEGV           11
#define SIGXCPU           24
#define SIGXFSZ           25
#define SIGSYS            31
#define SIGNAL_GROUP_EXIT 0x04
#define SIGNAL_UNKILLABLE 0x40

/* The most that is copied while interrupts are off; any one batch fits. */
#define ROOM_IRQS_OFF MESSAGE_BYTES(TTLOG_BATCH_MAX_BYTES)
#define ROOM_ALL      (1ull << 32)

struct drain {
	struct wire_thread_batches *own;
	u64 room;      /* bytes that may still be sent in this call */
	u32 is_ending; /* the thread runs no more code of the program */
	u32 left_cnt;  /* batches without room in this call, or in the ring buffers */
};

/* For bpf_loop(). */
static long drain_slot(u32 i, void *ctx)
{
	struct drain *drain = ctx;
	struct wire_thread_batches *own = drain->own;
	u64 address, left;
	int sent;

	if (i >= WIRE_MAX_MODULES)
		return 1;
	address = own->address[i];
	if (!address)
		return 0;
	if (own->left[i] & WIRE_LEFT_GONE) {
		drain->left_cnt++;
		return 0;
	}
	left = own->left[i];
	own->left[i] = 0;
	sent = batch__send_tail(address, own->module[i], drain->room);
	/* before 6.16 the memory is gone at the second try: what the first one counted is lost */
	if (sent == -EFAULT && left) {
		own->left[i] = left | WIRE_LEFT_GONE;
		drain->left_cnt++;
		return 0;
	}
	if (sent == -ENOSPC)
		leave_count(own, i, address);
	if (sent == -ENOSPC || sent == -EAGAIN) {
		drain->left_cnt++;
		return 0;
	}
	if (drain->is_ending)
		own->address[i] = 0;
	if (sent > 0)
		drain->room -= sent;
	return 0;
}

/*
 * Takes what the calling thread has not flushed, up to `room` bytes. The thread may live on and be
 * drained again: the collector tells apart what is taken twice. Returns how many batches are left.
 */
static __always_inline u32 drain_thread(u64 room, bool is_ending)
{
	u64 key = bpf_get_current_pid_tgid();
	struct drain drain = {
		.own = bpf_map_lookup_elem(&threads, &key),
		.room = room,
		.is_ending = is_ending,
	};

	if (!drain.own)
		return 0;
	bpf_loop(WIRE_MAX_MODULES, drain_slot, &drain, 0);
	return drain.left_cnt;
}

/* As drain_thread(), for a thread that lives on and keeps its batches. */
static __always_inline void send_so_far(void)
{
	u64 key = bpf_get_current_pid_tgid();
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);

	if (!own)
		return;
	for (int i = 0; i < WIRE_MAX_MODULES; i++) {
		if (own->address[i])
			batch__send_so_far(own->address[i], own->module[i]);
	}
}

/* Forgets a thread when its memory is gone. Entries of tails that were not sent stay. */
static __always_inline void release_thread(u32 tgid, u32 tid)
{
	u64 key = (u64)tgid << 32 | tid;
	struct wire_thread_batches *own = bpf_map_lookup_elem(&threads, &key);
	bool is_whole = true;

	if (!own)
		return;
	for (int i = 0; i < WIRE_MAX_MODULES; i++) {
		if (own->left[i]) {
			own->left[i] |= WIRE_LEFT_GONE;
			is_whole = false;
		} else {
			own->address[i] = 0;
		}
	}
	if (is_whole)
		bpf_map_delete_elem(&threads, &key);
}

/* The calling thread runs no more code of the program: takes its tails, then forgets it. If some
 * could not be sent, the next sign of its death tries again; in the end they are counted. */
static __always_inline void end_thread(struct wire_process *process, u64 room)
{
	u64 key = bpf_get_current_pid_tgid();

	if (!drain_thread(room, true))
		bpf_map_delete_elem(&threads, &key);
	else
		__sync_fetch_and_add(&process->lost_tails, 1);
}

static __always_inline bool ends_process(int sig, struct k_sigaction *action)
{
	if (sig == SIGKILL)
		return true;
	if (!can_end_process(sig) || BPF_CORE_READ(action, sa.sa_handler))
		return false;
	/* the kernel drops such signals for the first process of a pid namespace */
	return !(BPF_CORE_READ(bpf_get_current_task_btf(), signal, flags) & SIGNAL_UNKILLABLE);
}

static __always_inline void copy_registers(u64 *to)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
	int i = 0;
#define COPY_REGISTER(field, name) to[i++] = regs->field;
	WIRE_X86_REGISTERS(COPY_REGISTER)
#undef COPY_REGISTER
#else
	/* not through the stack: a program and all it calls have 512 bytes of stack */
	bpf_probe_read_kernel(to, sizeof(struct user_pt_regs), regs);
#endif
}

/* The process sent the signal to itself, by kill() or raise(). Its pid is that of its namespace. */
static __always_inline bool sent_by_itself(struct kernel_siginfo *info)
{
	struct wire_head head = { .tgid = current_tgid() };

	if (!is_described(info) || BPF_CORE_READ(info, si_code) > 0)
		return false;
	stamp_namespace(&head, bpf_get_current_task_btf());
	return (u32)BPF_CORE_READ(info, _sifields._kill._pid) == head.ns_tgid;
}

static __always_inline void send_crash(void *ctx, struct wire_process *process, int sig,
				       struct kernel_siginfo *info)
{
	struct wire_crash *crash = message__reserve(process, sizeof(*crash));
	long bytes;

	if (!crash)
		return;
	/* with SIGKILL this thread did not crash, but may have sent the fatal signal */
	stamp(&crash->head, sig == SIGKILL ? WIRE_REPORTER : WIRE_CRASH);
	crash->head.flags = process->has_file ? WIRE_HAS_FILE : 0;
	crash->signal = sig;
	crash->code = 0;
	crash->address = 0;
	if (is_described(info)) {
		crash->code = BPF_CORE_READ(info, si_code);
		if (crash->code > 0)
			crash->address = (u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	}
	crash->sender = sender__of(process, sig);
	copy_registers(crash->registers);
	bytes = bpf_get_stack(ctx, crash->ips, sizeof(crash->ips), BPF_F_USER_STACK);
	crash->frame_cnt = bytes > 0 ? bytes / sizeof(u64) : 0;
	if (bpf_get_stack(ctx, crash->ids, sizeof(crash->ids),
			  BPF_F_USER_STACK | BPF_F_USER_BUILD_ID) < 0)
		crash->ids[0].status = 0;
	message__submit(crash);
}

/* psABI: functions that call nothing may use the bytes below sp */
#define RED_ZONE_BYTES   128
/* How many pages from sp on are tried: 1 MiB. */
#define STACK_SCAN_PAGES 256

static __always_inline u64 sp_of(const u64 *registers)
{
#if defined(__TARGET_ARCH_x86)
	return registers[7]; /* WIRE_X86_REGISTERS */
#else
	return registers[31]; /* struct user_pt_regs */
#endif
}

static __always_inline u64 user_sp(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
#if defined(__TARGET_ARCH_x86)
	return regs->sp;
#else
	u64 sp = 0;

	bpf_probe_read_kernel(&sp, sizeof(sp), &((struct user_pt_regs *)regs)->sp);
	return sp;
#endif
}

struct stack_scan {
	u64 next; /* address */
	u32 is_outer;
	u32 reserved;
	u64 cnt;
	u64 pages[WIRE_MAX_STACK_PAGES];
};

/* Kernels before 6.7 verify the callback of bpf_loop() as if it ran once, and may drop the branches
 * for later rounds (seen on 6.1). They can't assume that this is 0. */
static volatile u64 none;

/* For bpf_loop(). */
static long scan_page(u32 index, void *ctx)
{
	struct stack_scan *scan = ctx;
	u64 page = scan->next;
	char byte;

	scan->next = page + WIRE_STACK_PAGE_BYTES;
	if (bpf_probe_read_user(&byte, sizeof(byte), (void *)page))
		return 0;
	if (scan->cnt >= WIRE_MAX_STACK_PAGES)
		return 1;
	scan->pages[scan->cnt & (WIRE_MAX_STACK_PAGES - 1)] = page;
	scan->cnt++;
	return 0;
}

static __always_inline int copy_stack(const struct stack_scan *scan, const u32 page_cnt)
{
	struct wire_stack *message = bpf_ringbuf_reserve(
		&lifecycle, sizeof(*message) + page_cnt * WIRE_STACK_PAGE_BYTES, 0);

	if (!message)
		return -ENOSPC;
	stamp(&message->head, WIRE_STACK);
	message->head.bytes = scan->cnt * WIRE_STACK_PAGE_BYTES;
	message->page_cnt = scan->cnt;
	message->is_outer = scan->is_outer;
	for (u32 i = 0; i < page_cnt; i++) {
		u64 address = scan->pages[i];

		/* another thread may have unmapped it by now; no page is at 0 */
		if (bpf_probe_read_user(message->pages[i], WIRE_STACK_PAGE_BYTES, (void *)address))
			address = 0;
		message->addresses[i] = address;
	}
	message__submit(message);
	return 0;
}

/*
 * Sends the stack from sp on, for unwinding without frame pointers. This is a help, not an account:
 * nothing is sent if no page can be read, or if the ring buffer is half full. When a thread has run
 * out of stack, sp is in the guard page below it, so the first page may be unreadable. A global
 * function, so that the verifier walks it once.
 */
__attribute__((noinline)) int send_stack(u64 sp)
{
	struct stack_scan scan = {
		.next = (sp - RED_ZONE_BYTES) & ~(WIRE_STACK_PAGE_BYTES - 1ull),
		.cnt = none,
	};

	if (!lifecycle__has_room(2))
		return -ENOSPC;
	bpf_loop(STACK_SCAN_PAGES, scan_page, &scan, 0);
	if (!scan.cnt)
		return -EFAULT;
	/* messages are of constant size; see BATCH_CLASSES */
	if (scan.cnt <= 2)
		return copy_stack(&scan, 2);
	if (scan.cnt <= 4)
		return copy_stack(&scan, 4);
	if (scan.cnt <= 8)
		return copy_stack(&scan, 8);
	return copy_stack(&scan, WIRE_MAX_STACK_PAGES);
}

/* A thread's first functions lie in so many pages at the beginning of its stack. */
#define OUTER_PAGES     3
/* No stack is so long: sp is not on it. */
#define STACK_MAX_BYTES (1ull << 30)

/* Where the calling thread's stack begins (its highest address). glibc and musl keep their thread
 * descriptor there. Another library may not: then send_outer() finds no stack at that address. */
static __always_inline u64 stack_begin(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->pid == task->tgid)
		return BPF_CORE_READ(task, mm, start_stack);
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread.fsbase);
#else
	return BPF_CORE_READ(task, thread.uw.tp_value);
#endif
}

/* Sends the beginning of the stack, if send_stack(sp) does not reach it. */
__attribute__((noinline)) int send_outer(u64 sp)
{
	u64 begin = stack_begin();
	struct stack_scan scan = {
		.next = ((begin - 1) & ~(WIRE_STACK_PAGE_BYTES - 1ull)) -
			(OUTER_PAGES - 1) * WIRE_STACK_PAGE_BYTES,
		.is_outer = 1,
		.cnt = none,
	};

	if (begin - sp > STACK_MAX_BYTES ||
	    scan.next <= sp + WIRE_MAX_STACK_PAGES * WIRE_STACK_PAGE_BYTES)
		return 0;
	if (!lifecycle__has_room(2))
		return -ENOSPC;
	bpf_loop(OUTER_PAGES, scan_page, &scan, 0);
	return scan.cnt ? copy_stack(&scan, 4) : -EFAULT;
}

/* Signals that tell of a fault, whatever their handlers do. */
static __always_inline bool is_fault(int sig)
{
	const u64 faults_mask = 1ull << SIGILL | 1ull << SIGTRAP | 1ull << SIGABRT |
				1ull << SIGBUS | 1ull << SIGFPE | 1ull << SIGSEGV | 1ull << SIGSYS;

	return sig > 0 && sig < 64 && (faults_mask >> sig & 1);
}

/* The entry of the calling thread; NULL: no memory. */
static __always_inline struct faults *faults__get(struct wire_process *process)
{
	u64 key = bpf_get_current_pid_tgid();
	struct faults *kept = bpf_map_lookup_elem(&faults, &key);

	if (kept && kept->start_ns == process->start_ns)
		return kept;
	if (bpf_map_update_elem(&faults, &key, &no_faults, BPF_ANY))
		return NULL;
	kept = bpf_map_lookup_elem(&faults, &key);
	if (kept)
		kept->start_ns = process->start_ns;
	return kept;
}

#define SA_ONSTACK 0x08000000ul

/* Whether sp is on the stack that the thread has for signal handlers. */
static __always_inline bool is_of_handlers(u64 sp)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return sp - BPF_CORE_READ(task, sas_ss_sp) < BPF_CORE_READ(task, sas_ss_size);
}

/* A handler may have its own stack. If the thread dies there, the cause is on the other stack. */
static __always_inline void keep_stack(struct wire_process *process, struct k_sigaction *action)
{
	struct faults *kept;
	u64 sp;

	if (!BPF_CORE_READ(action, sa.sa_handler) ||
	    !(BPF_CORE_READ(action, sa.sa_flags) & SA_ONSTACK) ||
	    !BPF_CORE_READ(bpf_get_current_task_btf(), sas_ss_size))
		return;
	sp = user_sp();
	if (is_of_handlers(sp))
		return;
	kept = faults__get(process);
	if (kept)
		kept->interrupted_sp = sp;
}

/* Sends the calling thread's stacks, as far as they are copied. */
static __always_inline void send_stacks(struct wire_process *process)
{
	u64 key = bpf_get_current_pid_tgid();
	struct faults *kept = bpf_map_lookup_elem(&faults, &key);
	u64 sp = user_sp();

	send_stack(sp);
	if (kept && kept->start_ns == process->start_ns && kept->interrupted_sp &&
	    is_of_handlers(sp)) {
		sp = kept->interrupted_sp;
		send_stack(sp);
	}
	send_outer(sp);
}

/*
 * A handler takes the signal. The handler may repair the cause, jump away, or report and raise the
 * signal again: only the death shows which. So the facts are kept until then, or until the thread's
 * next signal. Signals of the CPU and of the program are kept apart: a handler may call abort(),
 * and another handler may take that.
 */
static __always_inline void keep_fault(struct wire_process *process, int sig,
				       struct kernel_siginfo *info)
{
	struct wire_handled *handled;
	struct faults *kept;
	int code;

	if (!is_fault(sig) || !is_described(info))
		return;
	kept = faults__get(process);
	if (!kept)
		return;
	code = BPF_CORE_READ(info, si_code);
	handled = code > 0 ? &kept->fault : &kept->raised;
	handled->stamp_ns = bpf_ktime_get_ns();
	handled->signal = sig;
	handled->code = code;
	handled->address = code > 0 ? (u64)BPF_CORE_READ(info, _sifields._sigfault._addr) : 0;
	copy_registers(handled->registers);
	process->fault_tid = (u32)bpf_get_current_pid_tgid();
}

static __always_inline void send_fault(struct wire_process *process,
				       const struct wire_handled *handled)
{
	struct wire_fault *message;

	if (!handled->stamp_ns)
		return;
	message = message__reserve(process, sizeof(*message));
	if (!message)
		return;
	stamp(&message->head, WIRE_FAULT);
	message->handled = *handled;
	message__submit(message);
}

/* Of the calling thread, which ends. */
static __always_inline void send_faults(struct wire_process *process)
{
	u64 key = bpf_get_current_pid_tgid();
	struct faults *kept = bpf_map_lookup_elem(&faults, &key);
	u64 sp;

	if (!kept || kept->start_ns != process->start_ns)
		return;
	send_fault(process, &kept->fault);
	send_fault(process, &kept->raised);
	/* the handler may have had a stack of its own, which the kernel does not know of */
	sp = sp_of(kept->fault.stamp_ns ? kept->fault.registers : kept->raised.registers);
	if (sp != kept->interrupted_sp)
		send_stack(sp);
}

/*
 * Whether the calling thread may have sent the signal that kills it and all others: kill() hits the
 * thread that the kernel prefers, but the sender's handler had taken a signal of that number. Only
 * the last thread that took a fault is asked. If it survived that fault, the reader of its stack
 * sees that the handler no longer runs.
 */
static __always_inline bool may_have_raised(struct wire_process *process)
{
	u64 key = bpf_get_current_pid_tgid();
	struct faults *kept;

	if (!process->raised || process->fault_tid != (u32)key)
		return false;
	kept = bpf_map_lookup_elem(&faults, &key);
	return kept && kept->start_ns == process->start_ns &&
	       ((u64)kept->fault.signal == process->raised ||
		(u64)kept->raised.signal == process->raised);
}

static __always_inline void forget_faults(void)
{
	u64 key = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&faults, &key);
}

/* signal(7): the signals that dump core by default. */
static __always_inline bool is_core_signal(int sig)
{
	const u64 core_mask = 1ull << SIGQUIT | 1ull << SIGILL | 1ull << SIGTRAP | 1ull << SIGABRT |
			      1ull << SIGBUS | 1ull << SIGFPE | 1ull << SIGSEGV | 1ull << SIGXCPU |
			      1ull << SIGXFSZ | 1ull << SIGSYS;

	return core_mask >> (sig & 63) & 1;
}

/* The calling thread is killed. If that is because another one crashed, sends its registers and the
 * top of its stack. This is a help, as send_stack(). */
static __always_inline void send_other(struct wire_process *process)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_other *message;
	u64 page;

	if (!all_stacks || !is_core_signal(BPF_CORE_READ(task, signal, group_exit_code) & 0x7f) ||
	    !lifecycle__has_room(2) || __sync_fetch_and_add(&process->others, 1) >= WIRE_MAX_OTHERS)
		return;
	message = bpf_ringbuf_reserve(&lifecycle, sizeof(*message), 0);
	if (!message)
		return;
	stamp(&message->head, WIRE_OTHER);
	copy_registers(message->registers);
	page = (user_sp() - RED_ZONE_BYTES) & ~(WIRE_STACK_PAGE_BYTES - 1ull);
	for (int i = 0; i < WIRE_OTHER_PAGES; i++, page += WIRE_STACK_PAGE_BYTES) {
		message->addresses[i] = page;
		if (bpf_probe_read_user(message->pages[i], WIRE_STACK_PAGE_BYTES, (void *)page))
			message->addresses[i] = 0;
	}
	message__submit(message);
}

/* Threads that end at the same moment may each see that they are the last. The first one to get
 * here sends the message. The tails of the others may come after it. */
static __always_inline void send_exit(struct wire_process *process)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_exit *message;
	struct wire_end end = {};

	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		end.status = BPF_CORE_READ(task, signal, group_exit_code);
	else
		end.status = BPF_CORE_READ(task, group_leader, exit_code);
	end.sender = sender__of(process, end.status & 0x7f);
	/* if a process sent SIGKILL first, the kernel's own for lack of memory changed nothing */
	end.is_oom = (end.status & 0x7f) == SIGKILL && !end.sender.pid &&
		     BPF_CORE_READ(task, signal, oom_mm);
	end.max_rss_pages = BPF_CORE_READ(task, signal, maxrss);
	process->end = end;
	if (__sync_fetch_and_add(&process->exits, 1))
		return;
	message = message__reserve(process, sizeof(*message));
	if (!message)
		return;
	stamp(&message->head, WIRE_EXIT);
	message->head.flags = process->has_file && end.status & 0x7f ? WIRE_HAS_FILE : 0;
	message->end = end;
	message__submit(message);
}

#endif /* TTLOG_DEATH_BPF_H */

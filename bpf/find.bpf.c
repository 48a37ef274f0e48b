/* SPDX-License-Identifier: Dual MIT/GPL */
/*
 * With --all, --unit, --cgroup: which programs are executed. It runs for each exec on the machine.
 * Programs that the collector has looked at are in `files`, and cost nothing more than a look-up
 * here: the collector does not even wake up. An object of its own: without these options it is not
 * loaded.
 *
 * A file is known by the inode that has its contents, which the mapping has: with overlayfs, the
 * files of all containers of one image have one such inode.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "find_wire.h"

/* Part of i_ctime_nsec from 6.13 on: somebody has asked for the time. */
#define CTIME_QUERIED  (1u << 31)
#define FIRST_QUIET_NS 10000000ull
#define MAX_DOUBLINGS  10

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct find_file);
	__type(value, struct find_entry);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} found SEC(".maps");

__u64 report_cnt = 0;
__u64 lost_cnt = 0; /* there was no room in `found` */

static __always_inline u64 ctime_ns(struct inode *inode)
{
	const struct inode___6_6 *of_6_6 = (void *)inode;
	const struct inode___6_1 *of_6_1 = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return BPF_CORE_READ(inode, i_ctime_sec) * 1000000000ull +
		       (BPF_CORE_READ(inode, i_ctime_nsec) & ~CTIME_QUERIED);
	if (bpf_core_field_exists(of_6_6->__i_ctime))
		return BPF_CORE_READ(of_6_6, __i_ctime.tv_sec) * 1000000000ull +
		       BPF_CORE_READ(of_6_6, __i_ctime.tv_nsec);
	return BPF_CORE_READ(of_6_1, i_ctime.tv_sec) * 1000000000ull +
	       BPF_CORE_READ(of_6_1, i_ctime.tv_nsec);
}

static __always_inline struct find_file file_of(struct inode *inode)
{
	return (struct find_file){
		.inode = BPF_CORE_READ(inode, i_ino),
		.ctime_ns = ctime_ns(inode),
		.bytes = BPF_CORE_READ(inode, i_size),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};
}

static __always_inline void report(const struct find_file *file, u64 address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct find_message *message = bpf_ringbuf_reserve(&found, sizeof(*message), 0);

	if (!message) {
		__sync_fetch_and_add(&lost_cnt, 1);
		return;
	}
	__sync_fetch_and_add(&report_cnt, 1);
	message->file = *file;
	message->address = address;
	message->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	message->pid = task->tgid;
	message->reserved = 0;
	bpf_ringbuf_submit(message, BPF_RB_FORCE_WAKEUP);
}

/* A process that ends before the collector could look at it leaves its file new. So such a file is
 * reported again, after a while that doubles. */
static __always_inline bool is_due(const struct find_file *file)
{
	struct find_entry *entry = bpf_map_lookup_elem(&files, file);
	struct find_entry first = { .state = FIND_NEW, .report_cnt = 1 };
	u64 now = bpf_ktime_get_ns();
	u32 doublings;

	if (!entry) {
		first.quiet_until_ns = now + FIRST_QUIET_NS;
		bpf_map_update_elem(&files, file, &first, BPF_NOEXIST);
		return true;
	}
	if (entry->state == FIND_KNOWN)
		return false;
	if (entry->state == FIND_EACH)
		return true;
	if (now < entry->quiet_until_ns)
		return false;
	doublings = entry->report_cnt < MAX_DOUBLINGS ? entry->report_cnt : MAX_DOUBLINGS;
	entry->quiet_until_ns = now + (FIRST_QUIET_NS << doublings);
	entry->report_cnt++;
	return true;
}

/* bpf_find_vma() knows no other way to return something. */
static long see(struct task_struct *task, struct vm_area_struct *vma, struct find_file *file)
{
	struct inode *inode = BPF_CORE_READ(vma, vm_file, f_inode);

	if (inode)
		*file = file_of(inode);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(executed, struct task_struct *task, pid_t old_tid, struct linux_binprm *bprm)
{
	u64 address = BPF_CORE_READ(task, mm, start_code);
	struct find_file file = {};

	/* its memory is new: no other thread has its lock */
	(void)bpf_find_vma(task, address, see, &file, 0);
	if (file.inode && is_due(&file))
		report(&file, address);
	return 0;
}

/* Which file the collector has mapped at an address. */
SEC("syscall")
int identify(struct find_question *question)
{
	struct find_file file = {};
	long err = bpf_find_vma(bpf_get_current_task_btf(), question->address, see, &file, 0);

	question->file = file;
	return file.inode ? 0 : err ? err : -1;
}

/* SPDX-License-Identifier: (LGPL-2.1 OR BSD-2-Clause) */
/*
 * The kernel's types, trimmed to what bpf/ reads. Field offsets here mean nothing: CO-RE relocates
 * each access against the running kernel's BTF. Only names and kinds of fields must hold.
 * To add a field: vmlinux/lookup STRUCT [FIELD].
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef int pid_t;

#ifndef __cplusplus
typedef _Bool bool;
#define true 1
#define false 0
#endif

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_F_USER_STACK = 256,
	BPF_F_USER_BUILD_ID = 2048,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
	BPF_RB_CONS_POS = 2,
	BPF_RB_PROD_POS = 3,
};

struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned long flags, sp;
#else
	__s32 syscallno;
#endif
};

struct user_pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
};

typedef struct {
	int counter;
} atomic_t;

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns; /* not read: it makes the array's stride right */
};

struct pid {
	unsigned int level;
	struct upid numbers[0];
};

struct mm_struct {
	long unsigned int start_code;
	long unsigned int start_stack;
};

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	long unsigned int maxrss;
	struct mm_struct *oom_mm;
};

struct completion;

#if defined(__TARGET_ARCH_x86)
struct thread_struct {
	long unsigned int fsbase;
};
#else
struct thread_struct {
	struct {
		long unsigned int tp_value;
	} uw;
};
#endif

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigaction {
	void *sa_handler;
	long unsigned int sa_flags;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct thread_info {
	struct {
		u32 count;
	} preempt; /* arm64 */
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int ptrace;
	unsigned int in_iowait : 1;
	void *stack;
	const struct cred *cred;
	struct css_set *cgroups;
	struct mm_struct *mm;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *parent; /* who traces it, where somebody does */
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct completion *vfork_done;
	u64 start_boottime;
	u64 self_exec_id;
	char comm[16];
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	long unsigned int sas_ss_sp;
	long unsigned int sas_ss_size;
	struct thread_struct thread;
};

struct linux_binprm;

struct timespec64 {
	s64 tv_sec;
	long int tv_nsec;
};

struct super_block {
	u32 s_dev;
};

struct inode {
	struct super_block *i_sb;
	long unsigned int i_ino;
	long long int i_size;
	s64 i_ctime_sec; /* from 6.11 */
	u32 i_ctime_nsec;
	u32 i_generation;
};

/* from 6.6 */
struct inode___6_6 {
	struct timespec64 __i_ctime;
};

struct inode___6_1 {
	struct timespec64 i_ctime;
};

struct file {
	struct inode *f_inode;
};

struct vm_area_struct {
	struct file *vm_file;
};

typedef union sigval {
	int sival_int;
	void *sival_ptr;
} sigval_t;

union __sifields {
	struct {
		void *_addr;
	} _sigfault;
	struct {
		pid_t _pid;
		__u32 _uid;
	} _kill;
};

struct kernel_siginfo {
	struct {
		int si_signo;
		int si_errno;
		int si_code;
		union __sifields _sifields;
	};
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

/* UAPI: fixed, so no relocation. */
struct bpf_stack_build_id {
	__s32 status; /* 0 empty, 1 build id and offset, 2 ip */
	unsigned char build_id[20];
	union {
		__u64 offset;
		__u64 ip;
	};
};

#endif /* __VMLINUX_H__ */

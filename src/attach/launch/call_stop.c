/* SPDX-License-Identifier: MIT */
#include "call_stop.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no system calls known for this machine"
#endif

/* <sys/ptrace.h> and <linux/ptrace.h> exclude each other. */
extern long ptrace(int request, ...);

int call_stop__read(pid_t tid, struct call_stop *ret)
{
	struct ptrace_syscall_info info;
	struct call_stop stop = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) < 0)
		return -errno;
	switch (info.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		stop.is_entry = true;
		stop.number = info.arch == OWN_ARCH ? info.entry.nr : UINT64_MAX;
		memcpy(stop.args, info.entry.args, sizeof(stop.args));
		break;
	case PTRACE_SYSCALL_INFO_EXIT:
		stop.failed = info.exit.is_error;
		break;
	default:
		return -EINVAL;
	}
	*ret = stop;
	return 0;
}

bool call_stop__maps_code(const struct call_stop *stop)
{
	return stop->number == SYS_mmap && stop->args[2] & PROT_EXEC &&
	       !(stop->args[3] & MAP_ANONYMOUS);
}

bool call_stop__is_of_linking(const struct call_stop *stop)
{
	switch (stop->number) {
	case SYS_mmap:
		return !(stop->args[3] & MAP_ANONYMOUS);
	case SYS_mprotect:
	case SYS_pread64:
	case SYS_fstat:
	case SYS_newfstatat:
	case SYS_close:
	case SYS_faccessat:
	case SYS_prlimit64:
	case SYS_set_robust_list:
	case SYS_set_tid_address:
	case SYS_rseq:
#ifdef __x86_64__
	case SYS_access:
	case SYS_arch_prctl:
#endif
		return true;
	}
	return false;
}

/* A SIGCHLD tells whether a child has sent it. */
bool call_stop__is_of_linker(pid_t tid, int sig)
{
	siginfo_t info;

	if (sig != SIGCHLD)
		return sig == SIGURG || sig == SIGWINCH;
	return !ptrace(PTRACE_GETSIGINFO, tid, (void *)NULL, &info) &&
	       (info.si_code <= 0 || info.si_code == SI_KERNEL);
}

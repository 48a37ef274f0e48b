/* SPDX-License-Identifier: MIT */
#include "breakpoint.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

static int get_regs(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(*regs) };

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iov) ? -errno : 0;
}

#if defined(__x86_64__)

#define REGS_IP(regs) ((regs).rip)

int breakpoint__return_address(pid_t tid, uint64_t *ret_address)
{
	struct user_regs_struct regs;
	int err = get_regs(tid, &regs);
	long word;

	if (err)
		return err;
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, tid, (void *)regs.rsp, NULL);
	if (errno)
		return -errno;
	*ret_address = (uint64_t)word;
	return 0;
}

#elif defined(__aarch64__)

#define REGS_IP(regs) ((regs).pc)

int breakpoint__return_address(pid_t tid, uint64_t *ret_address)
{
	struct user_regs_struct regs;
	int err = get_regs(tid, &regs);

	if (!err)
		*ret_address = regs.regs[30];
	return err;
}

#else
#error "no registers known for this machine"
#endif

int breakpoint__open(pid_t tid, uint64_t address)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.bp_type = HW_BREAKPOINT_X,
		.bp_addr = address,
		.bp_len = sizeof(long), /* as the kernel wants it for execution */
		.sample_period = 1,
		.wakeup_events = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.remove_on_exec = 1,
	};
	const struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = tid };
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	if (!fcntl(fd, F_SETSIG, BREAKPOINT_SIGNAL) && !fcntl(fd, F_SETOWN_EX, &owner) &&
	    !fcntl(fd, F_SETFL, O_ASYNC))
		return fd;
	err = -errno;
	(void)close(fd);
	return err;
}

bool breakpoint__was_hit(pid_t tid, uint64_t address)
{
	struct user_regs_struct regs;
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) && info.si_code == POLL_IN &&
	       !get_regs(tid, &regs) && REGS_IP(regs) == address;
}

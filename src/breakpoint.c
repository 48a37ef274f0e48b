/* SPDX-License-Identifier: MIT */
/*
 * What each machine calls its debug registers. The kernel keeps them per thread; fork() and exec
 * clear them, detaching does not.
 */
#include "breakpoint.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

static int get_regs(pid_t tid, struct user_regs_struct *regs)
{
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(*regs) };

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iov) ? -errno : 0;
}

#if defined(__x86_64__)

#define REGS_IP(regs)   ((regs).rip)
#define CONTROL_LOCAL_0 1ul /* enables address 0; its kind and length of 0: execution */

static int write_register(pid_t tid, size_t number, uint64_t value)
{
	size_t offset = offsetof(struct user, u_debugreg) + number * sizeof(long);

	return ptrace(PTRACE_POKEUSER, tid, (void *)offset, (void *)value) ? -errno : 0;
}

int breakpoint__clear(pid_t tid)
{
	return write_register(tid, 7, 0);
}

int breakpoint__set(pid_t tid, uint64_t address)
{
	int err = breakpoint__clear(tid);

	if (!err)
		err = write_register(tid, 0, address);
	if (!err)
		err = write_register(tid, 7, CONTROL_LOCAL_0);
	return err;
}

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

#include <asm/ptrace.h>

#define REGS_IP(regs)     ((regs).pc)
#define CONTROL_EXECUTION ((0xfu << 5) | (2u << 1) | 1u) /* four bytes, user mode, enabled */

static int write_first(pid_t tid, uint64_t address, uint32_t control)
{
	struct user_hwdebug_state state = { .dbg_regs[0] = { .addr = address, .ctrl = control } };
	struct iovec iov = { .iov_base = &state,
			     .iov_len = offsetof(struct user_hwdebug_state, dbg_regs[1]) };

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_ARM_HW_BREAK, &iov) ? -errno : 0;
}

int breakpoint__clear(pid_t tid)
{
	return write_first(tid, 0, 0);
}

int breakpoint__set(pid_t tid, uint64_t address)
{
	return write_first(tid, address, CONTROL_EXECUTION);
}

int breakpoint__return_address(pid_t tid, uint64_t *ret_address)
{
	struct user_regs_struct regs;
	int err = get_regs(tid, &regs);

	if (!err)
		*ret_address = regs.regs[30];
	return err;
}

#else
#error "no debug registers known for this machine"
#endif

bool breakpoint__was_hit(pid_t tid, uint64_t address)
{
	struct user_regs_struct regs;
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) && info.si_code == TRAP_HWBKPT &&
	       !get_regs(tid, &regs) && REGS_IP(regs) == address;
}

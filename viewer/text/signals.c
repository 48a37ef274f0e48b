/* SPDX-License-Identifier: MIT */
#include "signals.h"

/* The numbers are the kernel's (include/uapi/asm-generic/siginfo.h). They are the same on every
 * machine, so a snapshot may come from another one. */
#define SI_KERNEL_CODE 0x80

static const struct signal_code CODES[] = {
	{ "SIGSEGV", 1, "SEGV_MAPERR", "nothing is mapped there" },
	{ "SIGSEGV", 2, "SEGV_ACCERR", "the mapping does not allow it" },
	{ "SIGSEGV", 3, "SEGV_BNDERR", "an address bound check failed" },
	{ "SIGSEGV", 4, "SEGV_PKUERR", "a protection key forbids it" },
	{ "SIGSEGV", 9, "SEGV_MTESERR", "a memory tag does not match" },
	{ "SIGBUS", 1, "BUS_ADRALN", "the address is not aligned" },
	{ "SIGBUS", 2, "BUS_ADRERR", "nothing is behind the mapping (a file cut short?)" },
	{ "SIGBUS", 3, "BUS_OBJERR", "a hardware error" },
	{ "SIGBUS", 4, "BUS_MCEERR_AR", "memory is broken, and was used" },
	{ "SIGBUS", 5, "BUS_MCEERR_AO", "memory is broken" },
	{ "SIGILL", 1, "ILL_ILLOPC", "illegal opcode" },
	{ "SIGILL", 2, "ILL_ILLOPN", "illegal operand" },
	{ "SIGILL", 3, "ILL_ILLADR", "illegal addressing mode" },
	{ "SIGILL", 4, "ILL_ILLTRP", "illegal trap" },
	{ "SIGILL", 5, "ILL_PRVOPC", "privileged opcode" },
	{ "SIGILL", 6, "ILL_PRVREG", "privileged register" },
	{ "SIGILL", 7, "ILL_COPROC", "coprocessor error" },
	{ "SIGILL", 8, "ILL_BADSTK", "internal stack error" },
	{ "SIGFPE", 1, "FPE_INTDIV", "integer division by zero" },
	{ "SIGFPE", 2, "FPE_INTOVF", "integer overflow" },
	{ "SIGFPE", 3, "FPE_FLTDIV", "floating-point division by zero" },
	{ "SIGFPE", 4, "FPE_FLTOVF", "floating-point overflow" },
	{ "SIGFPE", 5, "FPE_FLTUND", "floating-point underflow" },
	{ "SIGFPE", 6, "FPE_FLTRES", "floating-point inexact result" },
	{ "SIGFPE", 7, "FPE_FLTINV", "invalid floating-point operation" },
	{ "SIGFPE", 8, "FPE_FLTSUB", "subscript out of range" },
	{ "SIGTRAP", 1, "TRAP_BRKPT", "breakpoint" },
	{ "SIGTRAP", 2, "TRAP_TRACE", "trace trap" },
	{ "SIGTRAP", 3, "TRAP_BRANCH", "taken branch" },
	{ "SIGTRAP", 4, "TRAP_HWBKPT", "hardware breakpoint" },
	{ "SIGSYS", 1, "SYS_SECCOMP", "seccomp forbids the system call" },
	{ NULL, SI_KERNEL_CODE, "SI_KERNEL", "sent by the kernel" },
	{ NULL, 0, "SI_USER", "sent with kill" },
	{ NULL, -1, "SI_QUEUE", "sent with sigqueue" },
	{ NULL, -2, "SI_TIMER", "sent by a timer" },
	{ NULL, -3, "SI_MESGQ", "sent by a message queue" },
	{ NULL, -4, "SI_ASYNCIO", "sent by asynchronous I/O" },
	{ NULL, -5, "SI_SIGIO", "sent by SIGIO" },
	{ NULL, -6, "SI_TKILL", "sent with tkill, as raise and abort do" },
};

const struct signal_code *signal_code__find(struct ttlog_text signal, int64_t code)
{
	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++) {
		if (CODES[i].code != code)
			continue;
		if (!CODES[i].signal || (signal.p && ttlog_text_is(signal, CODES[i].signal)))
			return &CODES[i];
	}
	return NULL;
}

bool signal_code__has_address(struct ttlog_text signal, int64_t code)
{
	static const char *const WITH[] = { "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP" };

	if (code <= 0 || code == SI_KERNEL_CODE)
		return false;
	for (size_t i = 0; signal.p && i < sizeof(WITH) / sizeof(WITH[0]); i++) {
		if (ttlog_text_is(signal, WITH[i]))
			return true;
	}
	return false;
}

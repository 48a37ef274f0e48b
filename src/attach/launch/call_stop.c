/* SPDX-License-Identifier: MIT */
#include "call_stop.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tracer.h"

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
bool call_stop__is_of_linker(const struct tracer_stop *stop)
{
	const int sig = WSTOPSIG(stop->status);

	if (sig != SIGCHLD)
		return sig == SIGURG || sig == SIGWINCH;
	return stop->has_code && (stop->code <= 0 || stop->code == SI_KERNEL);
}

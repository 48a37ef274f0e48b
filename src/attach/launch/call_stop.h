/* SPDX-License-Identifier: MIT */
/*
 * A ptrace stop at the entry or exit of a system call, the same on all architectures.
 */
#ifndef TTLOG_CALL_STOP_H
#define TTLOG_CALL_STOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct call_stop {
	bool is_entry;
	/* at the entry; number is UINT64_MAX if the call is of another architecture */
	uint64_t number;
	uint64_t args[6];
	bool failed; /* at the exit */
};

/* The thread is traced by the caller and in such a stop. 0 or -errno; -ESRCH: it died. */
int call_stop__read(pid_t tid, struct call_stop *ret);

/* At the entry: whether the call maps code from a file. */
bool call_stop__maps_code(const struct call_stop *stop);

/*
 * At the entry: whether the call is one that a dynamic linker makes many times before it is done,
 * and that never waits.
 */
bool call_stop__is_of_linking(const struct call_stop *stop);

/* At a stop before a signal: whether a linker's probe may have sent it (bpf/launch.bpf.h). */
bool call_stop__is_of_linker(pid_t tid, int sig);

#endif /* TTLOG_CALL_STOP_H */

/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker of a process, from its exec on: where it tells debuggers that libraries come
 * and go.
 *
 * glibc and musl export an empty function, _dl_debug_state, and call it when all libraries are
 * mapped and relocated and no constructor has run yet. glibc calls it once before as well, and
 * says in _r_debug which call it is. (Its USDT probes would be simpler; Debian builds it without.)
 *
 * Everything is read from the process's memory, never from a file: what is mapped there counts,
 * whatever its path says in whose mount namespace.
 */
#ifndef TTLOG_LINKER_H
#define TTLOG_LINKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct linker {
	uint64_t notify; /* address of _dl_debug_state */
	uint64_t debug;  /* address of _r_debug; 0: none, the first call to notify is the one */
};

/* The process may run, or be stopped at its exec. -ENOENT where it has no dynamic linker or one
 * that can't be asked, else -errno. */
int linker__find(pid_t pid, struct linker *ret_linker);

/* Whether libraries are about to be added to the program's own namespace. */
bool linker__is_adding(const struct linker *linker, pid_t pid);

#endif /* TTLOG_LINKER_H */

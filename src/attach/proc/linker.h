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
	uint64_t notify;        /* address of _dl_debug_state */
	uint64_t debug;         /* address of _r_debug, 0: none */
	uint64_t debug_pointer; /* musl: address of a pointer to it, 0: none */
	bool has_added;         /* glibc: it was seen adding libraries */
};

/* The process may run, or be stopped at its exec. -ENOENT where it has no dynamic linker or one
 * that can't be asked, else -errno. */
int linker__find(pid_t pid, struct linker *ret_linker);

/* Where its ELF header lies, by the kernel's word: none of the process's memory is read. As above. */
int linker__find_header(pid_t pid, uint64_t *ret_header);

/* Whether the kernel's breakpoint stands at `notify`: a probe there is hit in this process. */
bool linker__is_probed(const struct linker *linker, pid_t pid);

/*
 * Whether all libraries are mapped and relocated. To be asked from the exec on, again and again:
 * glibc says the same before it begins, so it has to be seen at work first. What it adds before are
 * the libraries of LD_AUDIT, which have a namespace of their own.
 */
bool linker__is_ready(struct linker *linker, pid_t pid);

#endif /* TTLOG_LINKER_H */

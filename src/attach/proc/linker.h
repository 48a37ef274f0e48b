/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker of a process, from its exec on: the place where it tells debuggers that
 * libraries come and go.
 *
 * glibc and musl export an empty function, _dl_debug_state, and call it when all libraries are
 * mapped and relocated, and no constructor has run yet. glibc also calls it once before that, and
 * _r_debug tells which call it is. (Its USDT probes would be simpler; Debian builds glibc without
 * them.)
 *
 * It is found without reading memory of the process: its symbols come from the file that is mapped.
 */
#ifndef TTLOG_LINKER_H
#define TTLOG_LINKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct maps;

struct linker {
	uint64_t notify;        /* address of _dl_debug_state */
	uint64_t debug;         /* address of _r_debug, 0: none */
	uint64_t debug_pointer; /* musl: address of a pointer to it, 0: none */
	bool has_added;         /* glibc: it has begun to add libraries */
};

/*
 * maps: of the process, which may run, or be stopped at its exec. 0 or -errno; -ENOENT: it has no
 * dynamic linker, or an unknown one, or maps__open() fails. It may wait for the file system.
 */
int linker__find(pid_t pid, const struct maps *maps, struct linker *ret_linker);

/* The address of its ELF header, from the kernel, without opening a file. As above. */
int linker__find_header(pid_t pid, uint64_t *ret_header);

/* ---- These read the process's memory. ---- */

/* Whether the kernel's breakpoint is at `notify`: then this process hits a probe there. */
bool linker__is_probed(const struct linker *linker, pid_t pid);

/*
 * Whether all libraries are mapped and relocated. Call it from the exec on, again and again: before
 * it begins, glibc reports the same state, so it must first be seen adding libraries. Libraries of
 * LD_AUDIT come before that, and have their own namespace.
 */
bool linker__is_ready(struct linker *linker, pid_t pid);

#endif /* TTLOG_LINKER_H */

/* SPDX-License-Identifier: MIT */
/*
 * The stack of a crash, with names, files and lines: dwarf.h in a process of its own.
 *
 * Unwinding tables and debug information are the program's, and may have been made to crash whoever
 * reads them, to take all memory, or never to end. So a child does it that has no rights, no
 * descriptors but these files, bounded memory, and little time; it tells what it finds as it finds
 * it, and what is missing when it goes is missing.
 *
 * To open a file with debug information takes up to hundreds of milliseconds, so the child stays
 * for the next crash, and a thousand that crash together cost little more than one. It serves one
 * user: what one's files make of it has no say on another's crash.
 */
#ifndef TTLOG_UNWIND_H
#define TTLOG_UNWIND_H

#include <stdint.h>

struct crash;
struct mapping;
struct unwind;

/* A crash snapshot is to be on disk within a second, where the machine has a second to give: the
 * child's own time, and what passes meanwhile. */
#define UNWIND_MAX_MS      800
#define UNWIND_MAX_WAIT_MS 3000

/* The file that ran, as a descriptor that is closed afterwards, or -errno. */
typedef int (*unwind_open_fn)(void *ctx, const struct mapping *mapping);

/* No child yet. For one thread: the child ends when that does. NULL with errno. */
struct unwind *unwind__new(void);
/* NULL is fine. */
void unwind__free(struct unwind *unwind);

/*
 * Replaces the frames by those that the registers, the copied stack and the files give, where they
 * give more; names those that it can, and adds frames for functions that were inlined. Frames that
 * were there keep what is known of them. Asks for files with a build id that the child does not
 * have. 0, or -errno where the frames are as they were: -ENODATA where nothing came out of it.
 */
int unwind__crash(struct unwind *unwind, struct crash *crash, uint32_t uid, unwind_open_fn open,
		  void *ctx);

/* Nobody crashes just now: ends the child, so that it keeps no files. The next crash starts
 * another. */
void unwind__rest(struct unwind *unwind);

#endif /* TTLOG_UNWIND_H */

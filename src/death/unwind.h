/* SPDX-License-Identifier: MIT */
/*
 * The stack of a crash, with names, files and lines: dwarf.h in a process of its own.
 *
 * Unwinding tables and debug information are the program's. They may have been made to crash a
 * reader, to take all memory, or never to end. So a child reads them that has no rights, no
 * descriptors but these files, bounded memory, and little time. It tells what it finds at once;
 * what it has not told when its time is over is missing.
 *
 * To open a file with debug information takes up to hundreds of milliseconds. So the child stays
 * for the next crash, and a thousand processes that crash together cost little more than one. A
 * child serves one user: one user's files can't change what is said of another one's crash.
 */
#ifndef TTLOG_UNWIND_H
#define TTLOG_UNWIND_H

#include <stdint.h>

struct crash;
struct mapping;
struct unwind;

/* A crash snapshot should be on disk within a second, if the machine is not too busy. The child may
 * use so much time, and so much may pass meanwhile. */
#define UNWIND_MAX_MS      800
#define UNWIND_MAX_WAIT_MS 3000

/* The file that ran, as a descriptor that the caller closes, or -errno. */
typedef int (*unwind_open_fn)(void *ctx, const struct mapping *mapping);

/* Starts no child yet. For one thread: the child ends when that does. NULL with errno. */
struct unwind *unwind__new(void);
/* NULL is fine. */
void unwind__free(struct unwind *unwind);

/*
 * Unwinds from the registers over the copied stack, and replaces the frames if that gives more.
 * Names frames, and adds frames for inlined functions. Frames that were there keep what is known of
 * them. open: called for files that the child does not have, by build id. 0, or -errno if the
 * frames are as they were: -ENODATA if nothing was found.
 */
int unwind__crash(struct unwind *unwind, struct crash *crash, uint32_t uid, unwind_open_fn open,
		  void *ctx);

/* Ends the child, so that it keeps no files open. The next crash starts another one. */
void unwind__rest(struct unwind *unwind);

#endif /* TTLOG_UNWIND_H */

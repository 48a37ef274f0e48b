/* SPDX-License-Identifier: MIT */
/*
 * The stack of a crash, with names, files and lines: dwarf.h in a process of its own.
 *
 * Unwinding tables and debug information are the program's, and may have been made to crash whoever
 * reads them, to take all memory, or never to end. So a child does it that has no rights, no
 * descriptors but these files, little memory, and little time; it tells what it finds as it finds it,
 * and what is missing when it goes is missing.
 */
#ifndef TTLOG_UNWIND_H
#define TTLOG_UNWIND_H

struct crash;

/* A crash snapshot is to be on disk within a second, where the machine has a second to give: the
 * child's own time, and what passes meanwhile. */
#define UNWIND_MAX_MS      500
#define UNWIND_MAX_WAIT_MS 3000

/*
 * Replaces the frames by those that the registers, the copied stack and the files give, where they give
 * more; names those that it can, and adds frames for functions that were inlined. Frames that were
 * there keep what is known of them. fds: of each mapping, -1 for none; they stay the caller's.
 * 0, or -errno where the frames are as they were: -ENODATA where nothing came out of it.
 */
int unwind__crash(struct crash *crash, const int *fds);

#endif /* TTLOG_UNWIND_H */

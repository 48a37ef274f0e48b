/* SPDX-License-Identifier: MIT */
/*
 * What the files of a crashed process tell: how to unwind its stack (.eh_frame, .debug_frame), and
 * names, source files and lines (DWARF, else symbol tables; also from separate debug files under
 * /usr/lib/debug).
 *
 * elfutils reads them. The process has chosen what it maps, so they may be made to crash a reader
 * or to keep it busy. Only for a process of its own: see unwind.h.
 */
#ifndef TTLOG_DWARF_H
#define TTLOG_DWARF_H

#include <stdbool.h>
#include <stddef.h>

#include "crash.h"
#include "dwarf_names.h"

struct dwarf;

/* The files of all crashes so far, with what was read of them. Lives as long as the process. NULL
 * with errno. */
struct dwarf *dwarf__new(void);

/* Takes ownership of fd, also on failure. path: separate debug information is looked for beside it.
 * symbols_only: names come from symbol tables. 0 or -errno. */
int dwarf__add_file(struct dwarf *dwarf, const char *build_id, const char *path, int fd,
		    bool symbols_only);

/*
 * Unwinds the stack from the crash's registers, innermost first, at most `max` steps. Mappings
 * whose build id was never added are ignored. ret_whole: the steps end where the thread began, or
 * at max. ret_cut: why they end before that. Returns how many there are, 0 if nothing is known of
 * the registers.
 */
size_t dwarf__walk(struct dwarf *dwarf, const struct crash *crash, struct dwarf_step *steps,
		   size_t max, bool *ret_whole, enum crash_cut *ret_cut);

/*
 * Unwinds the beginning of the stack, which was copied though the part above it was not. It starts
 * at the first return address from which the tables lead to where the thread began. If `inner`, the
 * steps of dwarf__walk(), show a recursion, that address is in one of its functions. Returns at
 * most the last `max` steps; 0: there is no such address.
 */
size_t dwarf__walk_outer(struct dwarf *dwarf, const struct crash *crash,
			 const struct dwarf_step *inner, size_t inner_cnt, struct dwarf_step *steps,
			 size_t max);

/* Calls take() for each function inlined at a step, innermost first, and at last for the function
 * that has the code: once at least. whole: false for that function's symbol alone, which is
 * quick. */
void dwarf__name(struct dwarf *dwarf, const struct crash *crash, const struct dwarf_step *step,
		 bool whole, void (*take)(void *ctx, const struct dwarf_name *name), void *ctx);

#endif /* TTLOG_DWARF_H */

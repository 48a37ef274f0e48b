/* SPDX-License-Identifier: MIT */
/*
 * What the files of a crashed process know: how to unwind its stack (.eh_frame, .debug_frame), and
 * names, source files and lines (DWARF, else symbol tables; also from separate debug files under
 * /usr/lib/debug).
 *
 * This is elfutils, which reads what the process has chosen to map: files that are made to crash or
 * to keep it busy. Only for a process of its own; see unwind.h.
 */
#ifndef TTLOG_DWARF_H
#define TTLOG_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"
#include "dwarf_names.h"

struct dwarf;

/* The files that crashes have had so far, with what was read of them: as long as the process lives.
 * NULL with errno. */
struct dwarf *dwarf__new(void);

/* Takes ownership of fd, also on failure. path: where separate debug information is looked for,
 * beside it. symbols_only: names of it come from symbol tables. 0 or -errno. */
int dwarf__add_file(struct dwarf *dwarf, const char *build_id, const char *path, int fd,
		    bool symbols_only);

/*
 * The way out from the crash's registers over its stack, innermost first, at most `max` steps.
 * Mappings whose build id was never added are passed over.
 * ret_whole: it ends where the thread began, or at max. ret_cut: what it ends at where that is no
 * end. Returns how many there are, 0 where nothing is known of the registers.
 */
size_t dwarf__walk(struct dwarf *dwarf, const struct crash *crash, struct dwarf_step *steps,
		   size_t max, bool *ret_whole, enum crash_cut *ret_cut);

/*
 * The way out over where the stack begins, which was copied while what comes before was not: from the
 * first place that holds a return address from which the tables lead to where the thread began. Where
 * `inner`, the steps of dwarf__walk(), show a recursion, an address in one of its functions. At most
 * the last `max` of the steps. 0: there is none.
 */
size_t dwarf__walk_outer(struct dwarf *dwarf, const struct crash *crash,
			 const struct dwarf_step *inner, size_t inner_cnt, struct dwarf_step *steps,
			 size_t max);

/* Calls take() for a step's function, before it for those inlined there, innermost first; once at
 * least, and the last one is not inlined. Not whole: the function's symbol alone, which is
 * quick. */
void dwarf__name(struct dwarf *dwarf, const struct crash *crash, const struct dwarf_step *step,
		 bool whole, void (*take)(void *ctx, const struct dwarf_name *name), void *ctx);

#endif /* TTLOG_DWARF_H */

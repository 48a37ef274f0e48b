/* SPDX-License-Identifier: MIT */
/*
 * What the child tells of a crash, message by message, and the frames that are made of it. The
 * child has read the program's files, so its messages may be anything.
 */
#ifndef TTLOG_UNWIND_ANSWER_H
#define TTLOG_UNWIND_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"
#include "unwind_child.h"

struct unwind_step {
	uint64_t ip;
	bool is_interrupted, is_outer;
	char *symbol; /* of the function; NULL unknown */
};

struct unwind_frames {
	struct crash_frame frames[CRASH_MAX_FRAMES];
	size_t max;
	size_t cnt;      /* frames of steps that are named */
	size_t open_cnt; /* after these, of the step that is being named */
	bool is_full;    /* there was no room for more */
};

/* What the child has told. */
struct unwind_answer {
	struct unwind_step steps[UNWIND_MAX_STEPS];
	size_t step_cnt, symbol_cnt;
	size_t named_cnt; /* steps whose names are all there */
	struct unwind_frames inner, outer;
	char *type; /* of what was thrown, NULL unknown */
	enum crash_cut cut;
};

/* All zeroes before. */
void unwind_answer__init(struct unwind_answer *answer);
void unwind_answer__take(struct unwind_answer *answer, struct unwind_told *told);
/* Moves what was told, maybe not all, to the crash, and empties the answer. False: there were no
 * frames, and the crash keeps its own. */
bool unwind_answer__give(struct unwind_answer *answer, struct crash *crash);

#endif /* TTLOG_UNWIND_ANSWER_H */

/* SPDX-License-Identifier: MIT */
/*
 * The child, and the messages between it and unwind.c.
 *
 * The child is the same program, started anew: so it has nothing of its parent's memory, and the
 * same structs. Each message is a packet of a SOCK_SEQPACKET pair, whose other end is the child's
 * stdin.
 */
#ifndef TTLOG_UNWIND_CHILD_H
#define TTLOG_UNWIND_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "crash.h"

enum unwind_kind {
	UNWIND_FILE = 1,  /* to the child: struct unwind_file, with a descriptor */
	UNWIND_CRASH = 2, /* to it: struct unwind_crash, mappings, pages */
	UNWIND_STEP = 3,  /* from it: struct unwind_told, its address only; all steps come first */
	UNWIND_SYMBOL =
		4, /* from it: the next step's name by symbol tables; all of these come next */
	UNWIND_INLINED = 5, /* from it: a name of the next step; more follow */
	UNWIND_NAME = 6,    /* its last */
	UNWIND_DONE = 7,
	UNWIND_TYPE = 8, /* from it: `symbol` is what was thrown, demangled */
	UNWIND_CUT = 9,  /* from it: `line` is an enum crash_cut */
};

struct unwind_file {
	uint32_t kind; /* enum unwind_kind */
	bool symbols_only;
	char build_id[41];
	char path[4096]; /* debug information is looked for beside it */
};

/* No pointer in it is set. */
struct unwind_crash {
	uint32_t kind;                          /* enum unwind_kind */
	char type[1024];                        /* of what was thrown, mangled; "" none */
	char registers[CRASH_MAX_REGISTERS][8]; /* their names */
	struct crash crash;
};

#define UNWIND_MAX_MAPPINGS 512
#define UNWIND_MAX_PAGES    40
#define UNWIND_MAX_STEPS    (CRASH_MAX_FRAMES + CRASH_MAX_OUTER)

struct unwind_told {
	uint32_t kind; /* enum unwind_kind */
	uint32_t line;
	uint64_t ip;
	char symbol[2000];   /* with offset; "" unknown */
	char file[2000];     /* "" unknown */
	bool is_interrupted; /* a step: a signal's handler returns to it */
	bool is_outer;       /* a step: those between it and the inner ones are not known */
};

/* For main(): whether this process is a child. */
bool unwind_child__is_asked(int argc, char **argv);
/* All that a child does. */
_Noreturn void unwind_child__run(void);

#endif /* TTLOG_UNWIND_CHILD_H */

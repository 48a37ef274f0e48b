/* SPDX-License-Identifier: MIT */
/*
 * What unwind.c and its child tell each other, and the child.
 *
 * The child is the same program, started anew, so that it has nothing of its parent's memory, and
 * its structs are the same. Each message is one of a SOCK_SEQPACKET pair, whose other end is the
 * child's stdin.
 */
#ifndef TTLOG_UNWIND_CHILD_H
#define TTLOG_UNWIND_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"

enum unwind_kind {
	UNWIND_FILE = 1,    /* to the child: struct unwind_file, with a descriptor */
	UNWIND_CRASH = 2,   /* to it: struct unwind_crash, mappings, pages */
	UNWIND_STEP = 3,    /* from it: struct unwind_told; address only; all of them come first */
	UNWIND_SYMBOL = 4,  /* the name of the next step, by symbol tables; all of them come next */
	UNWIND_INLINED = 5, /* a name of the next step, more follow */
	UNWIND_NAME = 6,    /* its last */
	UNWIND_DONE = 7,
	UNWIND_TYPE = 8, /* from it: `symbol` is what was thrown, demangled */
	UNWIND_CUT = 9,  /* from it: `line` is an enum crash_cut */
};

struct unwind_file {
	uint32_t kind; /* enum unwind_kind */
	bool symbols_only;
	char build_id[41];
	char path[4096]; /* where debug information is looked for, beside it */
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
	bool is_outer;       /* a step: those between it and the ones before are not known */
};

#define UNWIND_CHILD_OPTION "--unwind-child"
#define UNWIND_CHILD_NAME   "ttlog-unwind"

/* For main(): this process is to be a child. */
bool unwind_child__is_asked(int argc, char **argv);
/* All that it does then. */
_Noreturn void unwind_child__run(void);

#endif /* TTLOG_UNWIND_CHILD_H */

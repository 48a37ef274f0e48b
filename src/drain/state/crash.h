/* SPDX-License-Identifier: MIT */
/*
 * How a process ended: what the kernel side caught, in the form that a snapshot carries.
 */
#ifndef TTLOG_CRASH_H
#define TTLOG_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mappings.h"

#define CRASH_MAX_FRAMES    64
#define CRASH_MAX_OUTER     16
#define CRASH_MAX_REGISTERS 40

struct crash_frame {
	uint64_t ip;
	uint64_t offset;   /* in the file; valid where module is set */
	char build_id[41]; /* hex, "" unknown */
	char *module;      /* path, NULL unknown */
	char *symbol;      /* "name+0x1f", NULL unknown; "name" where the compiler had inlined it */
	char *file;        /* as the compiler was told, NULL unknown */
	uint32_t line;     /* 0 unknown */
	bool is_interrupted; /* a signal came here: the frame above is its handler's way back */
};

/* Why the frames do not go on to where the thread began. */
enum crash_cut {
	CRASH_CUT_NONE = 0,   /* they do; or they end where nobody knows how to go on */
	CRASH_CUT_FRAMES = 1, /* there are more than CRASH_MAX_FRAMES */
	CRASH_CUT_STACK = 2,  /* they are on a part of the stack that was not copied */
};

#define CRASH_PAGE_BYTES 4096

struct crash_page {
	uint64_t address;
	unsigned char bytes[CRASH_PAGE_BYTES];
};

/* A signal that a handler took in the thread that crashed, some time before. */
struct crash_fault {
	int signal;
	int code;
	uint64_t address;
	uint64_t registers[CRASH_MAX_REGISTERS]; /* as crash.registers */
};

/* Who had the signal made that ended it. */
struct crash_sender {
	uint32_t pid; /* 0: nobody did, or nobody knows */
	uint32_t uid;
	char comm[16];
};

#define CRASH_OTHER_PAGES  2
#define CRASH_OTHER_FRAMES 24
#define CRASH_MAX_OTHERS   256

/* Where another thread was when the process crashed. */
struct crash_other {
	uint32_t tid;
	char thread[16];
	uint64_t registers[CRASH_MAX_REGISTERS]; /* as crash.registers */
	size_t page_cnt;
	struct crash_page pages[CRASH_OTHER_PAGES];
	size_t frame_cnt;
	struct crash_frame frames[CRASH_OTHER_FRAMES]; /* innermost first */
};

/* How a process ended, as a header has it: so many keys with their values, CBOR. */
struct crash_ending {
	size_t pair_cnt;
	const void *bytes;
	size_t len;
};

struct crash {
	bool has_exit; /* how it ended is known */
	int exit_code; /* where exit_signal is 0 */
	int exit_signal;
	struct crash_sender sender;
	bool is_oom;            /* the kernel killed it for want of memory */
	uint64_t max_rss_bytes; /* the most that it held; 0: unknown */

	bool has_crash;    /* what follows is known */
	bool is_reraised;  /* of the fault whose handler raised the signal that ended it */
	uint64_t stamp_ns; /* when, CLOCK_MONOTONIC */
	int signal;
	int code;         /* si_code */
	uint64_t address; /* si_addr; 0 where the signal has none */
	uint32_t tid;
	char thread[16];
	size_t register_cnt;
	struct {
		const char *name;
		uint64_t value;
	} registers[CRASH_MAX_REGISTERS];
	size_t frame_cnt;
	struct crash_frame frames[CRASH_MAX_FRAMES]; /* innermost first */
	enum crash_cut cut;
	size_t outer_cnt;
	struct crash_frame outer[CRASH_MAX_OUTER]; /* the thread's first ones, innermost first */
	bool is_stack_overflow;
	size_t fault_cnt;
	struct crash_fault faults[2]; /* what it may have been before all */
	struct crash *reporter; /* another thread, whose handler may have sent that signal; without
					 mappings; NULL for none */
	char *thrown_type;      /* of the C++ exception that it handled, NULL for none */
	char *thrown_what;      /* what its what() says, NULL unknown */
	bool is_type_mangled;
	size_t page_cnt;
	struct crash_page *pages; /* of the thread's stack; NULL for none */
	uint64_t outer_start;     /* from here on its stack's begin was copied; 0: it was not */

	size_t other_cnt;
	struct crash_other *others; /* NULL for none */

	struct mappings mappings;
};

/* Whether a signal tells of a fault: its default action dumps core. */
bool crash__is_core_signal(int signal);
/* Frees what hangs on it and empties it. */
void crash_frame__fini(struct crash_frame *frame);
/* Frees what hangs on it; the struct itself is the caller's. */
void crash__fini(struct crash *crash);
/* A copy that hangs on nothing of the original. 0 or -ENOMEM, then ret is empty. */
int crash__copy(const struct crash *crash, struct crash *ret);

#endif /* TTLOG_CRASH_H */

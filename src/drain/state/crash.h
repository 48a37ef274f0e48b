/* SPDX-License-Identifier: MIT */
/*
 * How a process ended: what the kernel side has sent, in the form that a snapshot has.
 */
#ifndef TTLOG_CRASH_H
#define TTLOG_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mappings.h"

#define CRASH_MAX_FRAMES      64
#define CRASH_MAX_OUTER       16
#define CRASH_MAX_REGISTERS   40
#define CRASH_SIGNATURE_BYTES 17

struct crash_frame {
	uint64_t ip;
	uint64_t offset;     /* in the file; valid if module is set */
	char build_id[41];   /* hex, "" unknown */
	char *module;        /* path, NULL unknown */
	char *symbol;        /* "name+0x1f", NULL unknown; "name" if the function was inlined */
	char *file;          /* the source file, as given to the compiler; NULL unknown */
	uint32_t line;       /* 0 unknown */
	bool is_interrupted; /* by a signal: the frame above is the return from its handler */
};

/* Why the frames do not reach the beginning of the thread. */
enum crash_cut {
	CRASH_CUT_NONE = 0,   /* they do; or the next one can't be found */
	CRASH_CUT_FRAMES = 1, /* there are more than CRASH_MAX_FRAMES */
	CRASH_CUT_STACK = 2,  /* that part of the stack was not copied */
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

/* The sender of the signal that ended it. */
struct crash_sender {
	uint32_t pid; /* 0: none, or unknown */
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

/* How a process ended, as in a header: pairs of keys and values, CBOR. */
struct crash_ending {
	size_t pair_cnt;
	const void *bytes;
	size_t len;
};

struct crash {
	bool has_exit; /* how it ended is known */
	int exit_code; /* if exit_signal is 0 */
	int exit_signal;
	struct crash_sender sender;
	bool is_oom;            /* the kernel killed it for lack of memory */
	uint64_t max_rss_bytes; /* 0: unknown */

	bool has_crash;    /* what follows is known */
	bool is_reraised;  /* a fault, whose handler raised the signal that ended it */
	uint64_t stamp_ns; /* when, CLOCK_MONOTONIC */
	int signal;
	int code;         /* si_code */
	uint64_t address; /* si_addr; 0 if the signal has none */
	uint32_t tid;
	char thread[16];
	size_t register_cnt;
	struct {
		const char *name;
		uint64_t value;
	} registers[CRASH_MAX_REGISTERS];
	size_t frame_cnt;
	struct crash_frame frames[CRASH_MAX_FRAMES]; /* innermost first */
	char signature[CRASH_SIGNATURE_BYTES];       /* hex, "": none; see signature.h */
	enum crash_cut cut;
	size_t outer_cnt;
	struct crash_frame
		outer[CRASH_MAX_OUTER]; /* the first ones of the thread, innermost first */
	bool is_stack_overflow;
	size_t fault_cnt;
	struct crash_fault faults[2]; /* earlier faults, maybe the cause */
	struct crash *reporter; /* another thread, whose handler may have sent that signal; without
					 mappings; NULL for none */
	char *thrown_type;      /* of the C++ exception that it handled; NULL for none */
	char *thrown_what;      /* the text of its what(); NULL unknown */
	bool is_type_mangled;
	size_t page_cnt;
	struct crash_page *pages; /* of the thread's stack; NULL for none */
	uint64_t outer_start; /* from here the beginning of its stack was copied; 0: it was not */

	size_t other_cnt;
	struct crash_other *others; /* NULL for none */

	struct mappings mappings;
};

#define CRASH_SIGNAL_NAME_BYTES 32

/* "SIGSEGV"; "SIG35" if it has no name. */
void crash__signal_name(int signal, char ret[CRASH_SIGNAL_NAME_BYTES]);
/* Whether the default action of the signal dumps core. */
bool crash__is_core_signal(int signal);
/* Frees what it owns, and clears it. */
void crash_frame__fini(struct crash_frame *frame);
/* Frees what it owns; the struct itself is the caller's. */
void crash__fini(struct crash *crash);
/* A deep copy. 0 or -ENOMEM; then ret is empty. */
int crash__copy(const struct crash *crash, struct crash *ret);

#endif /* TTLOG_CRASH_H */

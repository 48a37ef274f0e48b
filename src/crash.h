/* SPDX-License-Identifier: MIT */
/*
 * How a process ended: what the kernel side caught, in the form that a snapshot carries.
 */
#ifndef TTLOG_CRASH_H
#define TTLOG_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_MAX_FRAMES    64
#define CRASH_MAX_REGISTERS 40

struct crash_frame {
	uint64_t ip;
	uint64_t offset;   /* in the file; valid where module is set */
	char build_id[41]; /* hex, "" unknown */
	char *module;      /* path, NULL unknown */
	char *symbol;      /* "name+0x1f", NULL unknown; "name" where the compiler had inlined it */
	char *file;        /* as the compiler was told, NULL unknown */
	uint32_t line;     /* 0 unknown */
};

struct crash_mapping {
	uint64_t start, end, offset;
	uint64_t dev, inode; /* as maps shows them, 0 for no file */
	char build_id[41];
	char *path;
};

#define CRASH_PAGE_BYTES 4096

struct crash_page {
	uint64_t address;
	unsigned char bytes[CRASH_PAGE_BYTES];
};

struct crash {
	bool has_exit; /* how it ended is known */
	int exit_code; /* where exit_signal is 0 */
	int exit_signal;

	bool has_crash; /* what follows is known */
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
	size_t page_cnt;
	struct crash_page *pages; /* of the top of the thread's stack; NULL for none */

	struct crash_mapping *mappings;
	size_t mapping_cnt;
};

/* Frees what hangs on it and empties it. */
void crash_frame__fini(struct crash_frame *frame);
/* Frees what hangs on it; the struct itself is the caller's. */
void crash__fini(struct crash *crash);
/* A copy that hangs on nothing of the original. 0 or -ENOMEM, then ret is empty. */
int crash__copy(const struct crash *crash, struct crash *ret);

/* The mappings of a process's parent, in place of its own. 0 or -ENOMEM. */
int crash__inherit(struct crash *crash, const struct crash *parent);

#endif /* TTLOG_CRASH_H */

/* SPDX-License-Identifier: MIT */
/*
 * The files that a crashed process ran, for names: only those whose build id is that of what ran.
 */
#ifndef TTLOG_CRASH_FILES_H
#define TTLOG_CRASH_FILES_H

#include <stdbool.h>

struct attach;
struct crash;
struct crash_frame;
struct elf_symbols;
struct mapping;

#define CRASH_FILES_RECENT 4

struct crash_file {
	char build_id[41];           /* "": none yet */
	struct elf_symbols *symbols; /* NULL: it has none, or is not there */
};

/* For one crash. All zero but attach is valid. */
struct crash_files {
	struct attach *attach; /* keeps files open */
	struct crash_file recent[CRASH_FILES_RECENT];
	unsigned next;
};

void crash_files__fini(struct crash_files *files);

/* Mappings of a process that was gone too soon, for the frames of `of` that lie in files that other
 * processes have had, or that -e names. */
void crash_files__place(struct crash_files *files, struct crash *crash, const struct crash *of);
/* Build ids of the mappings whose files are kept open, or are still there. */
void crash_files__read_build_ids(struct crash_files *files, struct crash *crash);
/* The file that ran, as a descriptor; -errno. An unwind_open_fn. */
int crash_files__open(void *files, const struct mapping *mapping);
/* Module, build id and offset of a frame from the mappings, its symbol from the file's table. */
void crash_files__name(struct crash_files *files, const struct crash *crash,
		       struct crash_frame *frame, bool is_caller);

#endif /* TTLOG_CRASH_FILES_H */

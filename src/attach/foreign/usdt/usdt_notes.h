/* SPDX-License-Identifier: MIT */
/*
 * The USDT probes of a file: notes in .note.stapsdt, as <sys/sdt.h> of systemtap makes them.
 *
 * A note has link-time addresses. A tool that moves code afterwards (prelink) leaves them as they
 * were, so each note also says where the section .stapsdt.base was: by how much that has moved, the
 * others have, too.
 */
#ifndef TTLOG_USDT_NOTES_H
#define TTLOG_USDT_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "usdt_operand.h"

struct elf_file;

/* Of the three texts together. */
#define USDT_NOTE_MAX_BYTES 16384u
/* Of one file. */
#define USDT_MAX_NOTES      65536u

struct usdt_note {
	const char *provider, *name, *arguments; /* valid during the visit */
	uint64_t vaddr;                          /* link-time address of the instruction */
	uint64_t offset;                         /* of that in the file */
	uint64_t semaphore_offset;               /* in the file; 0: it has none */
};

/* The machine of the file; 0: one whose arguments can't be read. */
enum usdt_machine usdt__machine(const struct elf_file *file);

/*
 * Calls visit for each probe whose instruction is in code, until that returns something other than
 * 0, which is returned. Notes of code that the linker dropped are passed over; other invalid ones
 * are counted. 0 or -errno.
 */
int usdt_notes__each(struct elf_file *file, int (*visit)(const struct usdt_note *note, void *ctx),
		     void *ctx, size_t *ret_malformed);

#endif /* TTLOG_USDT_NOTES_H */

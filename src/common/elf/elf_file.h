/* SPDX-License-Identifier: MIT */
/*
 * Bounded reading of an ELF file: headers, sections, notes, and bytes by link-time address.
 *
 * A file is hostile: every offset and length in it may be wrong, and its owner may truncate it
 * while it is read. So it is read with pread(2) and never mapped (a mapping would raise SIGBUS).
 * The window cache bounds memory, ELF_FILE_MAX_FILLS bounds work. One thread.
 */
#ifndef TTLOG_ELF_FILE_H
#define TTLOG_ELF_FILE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FILE_WINDOW_BYTES   16384u
#define ELF_FILE_WINDOWS        256u /* at most 4 MiB */
#define ELF_FILE_MAX_SEGMENTS   64u  /* per type; compilers and linkers make up to ten */
/* How many windows one file may take, 4 GiB: stops a file that is made to miss the cache. */
#define ELF_FILE_MAX_FILLS      (1u << 18)
#define ELF_FILE_MAX_SECTIONS   (1u << 20)
/* Bytes of one kind of note that are read; ttlog's largest table takes 30 MiB. */
#define ELF_FILE_MAX_NOTE_BYTES (128u << 20)

struct elf_window {
	uint64_t offset; /* in the file; valid if buffer is set */
	uint32_t bytes;
	char *buffer;
};

struct elf_segment {
	uint64_t vaddr, offset, file_bytes, align;
	uint32_t flags; /* PF_* */
};

struct elf_segments {
	size_t cnt;
	struct elf_segment list[ELF_FILE_MAX_SEGMENTS];
};

struct elf_file {
	int fd; /* owned by the caller */
	ElfW(Ehdr) header;
	uint64_t section_cnt;
	uint64_t names_offset, names_bytes; /* of the section names */
	struct elf_segments loads;          /* PT_LOAD */
	struct elf_segments notes;          /* PT_NOTE */
	uint64_t fill_cnt;
	struct elf_window windows[ELF_FILE_WINDOWS];
};

struct elf_note {
	uint32_t type;
	char owner[16];       /* cut if it is longer */
	uint64_t desc_offset; /* in the file */
	uint32_t desc_bytes;
};

/* The state of a walk over notes; fill it with elf_notes__init(). */
struct elf_notes {
	uint64_t offset, end;
	uint32_t align;
};

/* NULL with errno: ENOEXEC: not an ELF file of this machine's class and byte order. */
struct elf_file *elf_file__new(int fd);
/* NULL is fine; leaves fd open. */
void elf_file__free(struct elf_file *file);

/* Exactly len bytes at offset. 0; -ENODATA: the file is shorter; -E2BIG: the file has cost too much
 * already; else as read(2). */
int elf_file__read(struct elf_file *file, uint64_t offset, void *ret, size_t len);

/*
 * The text at a link-time address, from the file, up to its zero byte; a text longer than size - 1
 * bytes is cut. 0; -ENODATA: no loaded segment contains all of it; else as above.
 */
int elf_file__read_text(struct elf_file *file, uint64_t vaddr, char *ret, size_t size,
			size_t *ret_len);

/*
 * File offset of len bytes at a link-time address, in a segment with all these flags (PF_*). 0 or
 * -ENODATA.
 */
int elf_file__offset(const struct elf_file *file, uint64_t vaddr, uint64_t len, uint32_t flags,
		     uint64_t *ret_offset);

/* Link-time address of the mapping that starts with the file's first byte; 0: none. */
uint64_t elf_file__load_vaddr(const struct elf_file *file);

int elf_file__section(struct elf_file *file, uint64_t number, ElfW(Shdr) * ret_section);
/*
 * The first section from *number on with that type and name (NULL: any); moves *number past it.
 * Returns 1, 0 at the end, or -errno.
 */
int elf_file__next_section(struct elf_file *file, uint64_t *number, uint32_t type, const char *name,
			   ElfW(Shdr) * ret_section);

void elf_notes__init(struct elf_notes *notes, uint64_t offset, uint64_t bytes, uint64_t align);
/* The next note: 1; 0 at the end; -ENODATA: the rest is invalid; else as elf_file__read(). */
int elf_notes__next(struct elf_notes *notes, struct elf_file *file, struct elf_note *ret_note);

/*
 * Calls visit for each note of that owner in sections of that name, until it returns something
 * other than 0, which is returned. Notes after a damaged one in a section are not found:
 * *ret_damaged counts them as one.
 */
int elf_file__each_note(struct elf_file *file, const char *section_name, const char *owner,
			int (*visit)(struct elf_file *file, const struct elf_note *note, void *ctx),
			void *ctx, size_t *ret_damaged);

#endif /* TTLOG_ELF_FILE_H */

/* SPDX-License-Identifier: MIT */
/*
 * Bounded reading of an ELF file: headers, sections, notes, and bytes by link-time address.
 *
 * A file is hostile: every offset and length in it may lie, and its owner may cut it short while
 * it is read, which is why it is read with pread(2) and never mapped (a mapping would answer with
 * SIGBUS). Memory is bounded by the window cache, work by ELF_FILE_MAX_FILLS. One thread.
 */
#ifndef TTLOG_ELF_FILE_H
#define TTLOG_ELF_FILE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FILE_WINDOW_BYTES   16384u
#define ELF_FILE_WINDOWS        256u /* 4 MiB at the most */
#define ELF_FILE_MAX_SEGMENTS   64u  /* of a type; compilers and linkers make up to ten */
/* Windows that one file may cost, 4 GiB: a file made to miss the cache at each read ends here. */
#define ELF_FILE_MAX_FILLS      (1u << 18)
#define ELF_FILE_MAX_SECTIONS   (1u << 20)
/* Bytes of one kind of note that are looked at; ttlog's largest table takes 30 MiB. */
#define ELF_FILE_MAX_NOTE_BYTES (128u << 20)

struct elf_window {
	uint64_t offset; /* in the file; valid where buffer is set */
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
	int fd; /* the caller's */
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
	char owner[16];       /* cut where it is longer */
	uint64_t desc_offset; /* in the file */
	uint32_t desc_bytes;
};

/* Where a walk over notes is; fill it with elf_notes__init. */
struct elf_notes {
	uint64_t offset, end;
	uint32_t align;
};

/* NULL with errno: ENOEXEC where it is no ELF file of this machine's class and byte order. */
struct elf_file *elf_file__new(int fd);
/* NULL is fine; leaves fd open. */
void elf_file__free(struct elf_file *file);

/* Exactly len bytes at offset. 0, -ENODATA where the file is shorter, -E2BIG where the file has
 * cost too much already, else as read(2). */
int elf_file__read(struct elf_file *file, uint64_t offset, void *ret, size_t len);

/*
 * The text at a link-time address, as it stands in the file, up to its zero byte; one longer than
 * size - 1 bytes is cut. 0, -ENODATA where no loaded segment holds all of it, else as above.
 */
int elf_file__read_text(struct elf_file *file, uint64_t vaddr, char *ret, size_t size,
			size_t *ret_len);

/*
 * File offset of len bytes at a link-time address, in a segment that has all of flags (PF_*).
 * 0 or -ENODATA.
 */
int elf_file__offset(const struct elf_file *file, uint64_t vaddr, uint64_t len, uint32_t flags,
		     uint64_t *ret_offset);

/* Link-time address of the mapping that starts with the file's first byte; 0 without one. */
uint64_t elf_file__load_vaddr(const struct elf_file *file);

int elf_file__section(struct elf_file *file, uint64_t number, ElfW(Shdr) * ret_section);
/*
 * The first section from *number on with that type and name (NULL: any), and *number moved behind
 * it. 1, 0 at the end, or -errno.
 */
int elf_file__next_section(struct elf_file *file, uint64_t *number, uint32_t type, const char *name,
			   ElfW(Shdr) * ret_section);

void elf_notes__init(struct elf_notes *notes, uint64_t offset, uint64_t bytes, uint64_t align);
/* The next note: 1, 0 at the end, -ENODATA where the rest makes no sense, else as read. */
int elf_notes__next(struct elf_notes *notes, struct elf_file *file, struct elf_note *ret_note);

/*
 * Calls visit for each note of that owner in sections of that name, until it returns something
 * else than 0, which is returned. Notes past a damaged one in a section are not found: they
 * are added up in *ret_damaged as one.
 */
int elf_file__each_note(struct elf_file *file, const char *section_name, const char *owner,
			int (*visit)(struct elf_file *file, const struct elf_note *note, void *ctx),
			void *ctx, size_t *ret_damaged);

#endif /* TTLOG_ELF_FILE_H */

/* SPDX-License-Identifier: MIT */
/*
 * All bytes come through elf_file__read(), from a cache of windows; all other functions use it.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_file.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_DATA ELFDATA2LSB
#else
#define NATIVE_DATA ELFDATA2MSB
#endif
#define NATIVE_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

/* A file offset that stays valid for pread(2) after the additions below. */
#define MAX_OFFSET ((uint64_t)INT64_MAX / 2)

static int fill_window(struct elf_file *file, struct elf_window *window, uint64_t offset)
{
	ssize_t got;

	if (file->fill_cnt++ >= ELF_FILE_MAX_FILLS)
		return -E2BIG;
	if (!window->buffer)
		window->buffer = malloc(ELF_FILE_WINDOW_BYTES);
	if (!window->buffer)
		return -ENOMEM;
	window->bytes = 0;
	window->offset = offset;
	while (window->bytes < ELF_FILE_WINDOW_BYTES) {
		got = pread(file->fd, window->buffer + window->bytes,
			    ELF_FILE_WINDOW_BYTES - window->bytes, (off_t)(offset + window->bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		window->bytes += (uint32_t)got;
	}
	return 0;
}

/* The bytes at an offset, to the end of its window: at least one. */
static int find_bytes(struct elf_file *file, uint64_t offset, const char **ret_bytes,
		      size_t *ret_len)
{
	uint64_t start = offset - offset % ELF_FILE_WINDOW_BYTES;
	struct elf_window *window =
		&file->windows[start / ELF_FILE_WINDOW_BYTES % ELF_FILE_WINDOWS];
	int err;

	if (offset > MAX_OFFSET)
		return -ENODATA;
	if (!window->buffer || window->offset != start) {
		err = fill_window(file, window, start);
		if (err) {
			window->bytes = 0;
			return err;
		}
	}
	if (offset - start >= window->bytes)
		return -ENODATA;
	*ret_bytes = window->buffer + (offset - start);
	*ret_len = window->bytes - (size_t)(offset - start);
	return 0;
}

int elf_file__read(struct elf_file *file, uint64_t offset, void *ret, size_t len)
{
	const char *bytes;
	char *to = ret;
	size_t have;
	int err;

	while (len) {
		err = find_bytes(file, offset, &bytes, &have);
		if (err)
			return err;
		if (have > len)
			have = len;
		memcpy(to, bytes, have);
		to += have;
		offset += have;
		len -= have;
	}
	return 0;
}

static const struct elf_segment *find_load(const struct elf_file *file, uint64_t vaddr,
					   uint64_t len, uint32_t flags)
{
	for (size_t i = 0; i < file->loads.cnt; i++) {
		const struct elf_segment *load = &file->loads.list[i];

		if ((load->flags & flags) == flags && vaddr >= load->vaddr &&
		    len <= load->file_bytes && vaddr - load->vaddr <= load->file_bytes - len)
			return load;
	}
	return NULL;
}

int elf_file__offset(const struct elf_file *file, uint64_t vaddr, uint64_t len, uint32_t flags,
		     uint64_t *ret_offset)
{
	const struct elf_segment *load = find_load(file, vaddr, len, flags);

	if (!load)
		return -ENODATA;
	*ret_offset = load->offset + (vaddr - load->vaddr);
	return 0;
}

int elf_file__read_text(struct elf_file *file, uint64_t vaddr, char *ret, size_t size,
			size_t *ret_len)
{
	const struct elf_segment *load = find_load(file, vaddr, 1, 0);
	uint64_t offset, left;
	size_t len = 0;

	if (!load)
		return -ENODATA;
	offset = load->offset + (vaddr - load->vaddr);
	left = load->file_bytes - (vaddr - load->vaddr);
	while (len < size - 1) {
		const char *bytes, *end;
		size_t have;
		int err;

		if (!left)
			return -ENODATA;
		err = find_bytes(file, offset, &bytes, &have);
		if (err)
			return err;
		if (have > left)
			have = (size_t)left;
		if (have > size - 1 - len)
			have = size - 1 - len;
		end = memchr(bytes, 0, have);
		if (end)
			have = (size_t)(end - bytes);
		memcpy(ret + len, bytes, have);
		len += have;
		if (end)
			break;
		offset += have;
		left -= have;
	}
	ret[len] = 0;
	*ret_len = len;
	return 0;
}

uint64_t elf_file__load_vaddr(const struct elf_file *file)
{
	const struct elf_segment *first = NULL;

	for (size_t i = 0; i < file->loads.cnt; i++) {
		if (!first || file->loads.list[i].offset < first->offset)
			first = &file->loads.list[i];
	}
	return first ? first->vaddr - first->offset : 0;
}

static int read_segments(struct elf_file *file)
{
	const ElfW(Ehdr) *header = &file->header;
	struct elf_segments *segments;
	ElfW(Phdr) phdr;
	int err;

	if (header->e_phnum &&
	    (header->e_phentsize != sizeof(phdr) || header->e_phoff > MAX_OFFSET))
		return -ENOEXEC;
	for (uint32_t i = 0; i < header->e_phnum; i++) {
		err = elf_file__read(file, header->e_phoff + (uint64_t)i * sizeof(phdr), &phdr,
				     sizeof(phdr));
		if (err)
			return err == -ENODATA ? -ENOEXEC : err;
		if (phdr.p_type != PT_LOAD && phdr.p_type != PT_NOTE)
			continue;
		segments = phdr.p_type == PT_LOAD ? &file->loads : &file->notes;
		if (phdr.p_offset > MAX_OFFSET || phdr.p_filesz > MAX_OFFSET ||
		    segments->cnt == ELF_FILE_MAX_SEGMENTS)
			continue;
		segments->list[segments->cnt++] = (struct elf_segment){
			.vaddr = phdr.p_vaddr,
			.offset = phdr.p_offset,
			.file_bytes = phdr.p_filesz,
			.align = phdr.p_align,
			.flags = phdr.p_flags,
		};
	}
	return 0;
}

/* The most sections that fit into the file, whatever it claims: to look for a million after its end
 * would take longer than all the rest. */
static uint64_t most_sections(const struct elf_file *file)
{
	const uint64_t from = file->header.e_shoff;
	struct stat st;
	uint64_t most = ELF_FILE_MAX_SECTIONS, held;

	if (fstat(file->fd, &st) || !S_ISREG(st.st_mode))
		return most;
	held = (uint64_t)st.st_size > from ? (uint64_t)st.st_size - from : 0;
	held /= sizeof(ElfW(Shdr));
	return held < most ? held : most;
}

/* A file may have no sections (any more): then it has no notes for us. */
static int read_section_table(struct elf_file *file)
{
	const ElfW(Ehdr) *header = &file->header;
	uint64_t names_number = header->e_shstrndx, most;
	ElfW(Shdr) section;
	int err;

	if (!header->e_shoff || header->e_shoff > MAX_OFFSET ||
	    header->e_shentsize != sizeof(ElfW(Shdr)))
		return 0;
	/* If a count does not fit into the header, the first section has it. */
	file->section_cnt = 1;
	err = elf_file__section(file, 0, &section);
	if (err) {
		file->section_cnt = 0;
		return err == -ENODATA ? 0 : err;
	}
	file->section_cnt = header->e_shnum ? header->e_shnum : section.sh_size;
	most = most_sections(file);
	if (file->section_cnt > most)
		file->section_cnt = most;
	if (names_number == SHN_XINDEX)
		names_number = section.sh_link;
	err = elf_file__section(file, names_number, &section);
	if (err)
		return err == -ENODATA ? 0 : err;
	file->names_offset = section.sh_offset;
	file->names_bytes = section.sh_size;
	return 0;
}

struct elf_file *elf_file__new(int fd)
{
	struct elf_file *file = calloc(1, sizeof(*file));
	const unsigned char *ident;
	int err;

	if (!file)
		return NULL;
	file->fd = fd;
	err = elf_file__read(file, 0, &file->header, sizeof(file->header));
	if (err) {
		err = err == -ENODATA ? -ENOEXEC : err;
		goto fail;
	}
	ident = file->header.e_ident;
	err = -ENOEXEC;
	if (memcmp(ident, ELFMAG, SELFMAG) || ident[EI_CLASS] != NATIVE_CLASS ||
	    ident[EI_DATA] != NATIVE_DATA || ident[EI_VERSION] != EV_CURRENT)
		goto fail;
	err = read_segments(file);
	if (!err)
		err = read_section_table(file);
	if (err)
		goto fail;
	return file;

fail:
	elf_file__free(file);
	errno = -err;
	return NULL;
}

void elf_file__free(struct elf_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < ELF_FILE_WINDOWS; i++)
		free(file->windows[i].buffer);
	free(file);
}

int elf_file__section(struct elf_file *file, uint64_t number, ElfW(Shdr) * ret_section)
{
	ElfW(Shdr) section;
	int err;

	if (number >= file->section_cnt)
		return -ENODATA;
	err = elf_file__read(file, file->header.e_shoff + number * sizeof(section), &section,
			     sizeof(section));
	if (err)
		return err;
	if (section.sh_offset > MAX_OFFSET || section.sh_size > MAX_OFFSET)
		return -ENODATA;
	*ret_section = section;
	return 0;
}

static bool has_name(struct elf_file *file, const ElfW(Shdr) * section, const char *name)
{
	size_t bytes = strlen(name) + 1;
	char found[64];

	return bytes <= sizeof(found) && bytes <= file->names_bytes &&
	       section->sh_name <= file->names_bytes - bytes &&
	       !elf_file__read(file, file->names_offset + section->sh_name, found, bytes) &&
	       !memcmp(found, name, bytes);
}

int elf_file__next_section(struct elf_file *file, uint64_t *number, uint32_t type, const char *name,
			   ElfW(Shdr) * ret_section)
{
	ElfW(Shdr) section;
	int err;

	while (*number < file->section_cnt) {
		err = elf_file__section(file, (*number)++, &section);
		if (err == -ENODATA)
			continue;
		if (err)
			return err;
		if (section.sh_type == type && (!name || has_name(file, &section, name))) {
			*ret_section = section;
			return 1;
		}
	}
	return 0;
}

void elf_notes__init(struct elf_notes *notes, uint64_t offset, uint64_t bytes, uint64_t align)
{
	notes->offset = offset;
	notes->end = offset + bytes;
	notes->align = align == 8 ? 8 : 4;
}

int elf_notes__next(struct elf_notes *notes, struct elf_file *file, struct elf_note *ret_note)
{
	struct elf_note note = { .type = 0 };
	uint64_t owner_offset, next;
	ElfW(Nhdr) header;
	int err;

	if (notes->offset >= notes->end)
		return 0;
	if (notes->end - notes->offset < sizeof(header))
		return -ENODATA;
	err = elf_file__read(file, notes->offset, &header, sizeof(header));
	if (err)
		return err;
	owner_offset = notes->offset + sizeof(header);
	note.desc_offset =
		notes->offset + (((uint64_t)sizeof(header) + header.n_namesz + notes->align - 1) &
				 ~((uint64_t)notes->align - 1));
	next = note.desc_offset + header.n_descsz;
	if (next > notes->end)
		return -ENODATA;
	err = elf_file__read(file, owner_offset, note.owner,
			     header.n_namesz < sizeof(note.owner) ? header.n_namesz
								  : sizeof(note.owner) - 1);
	if (err)
		return err;
	note.type = header.n_type;
	note.desc_bytes = header.n_descsz;
	notes->offset = note.desc_offset + (((uint64_t)header.n_descsz + notes->align - 1) &
					    ~((uint64_t)notes->align - 1));
	*ret_note = note;
	return 1;
}

int elf_file__each_note(struct elf_file *file, const char *section_name, const char *owner,
			int (*visit)(struct elf_file *file, const struct elf_note *note, void *ctx),
			void *ctx, size_t *ret_damaged)
{
	uint64_t number = 0, budget = ELF_FILE_MAX_NOTE_BYTES;
	struct elf_notes notes;
	struct elf_note note;
	ElfW(Shdr) section;
	int err;

	while ((err = elf_file__next_section(file, &number, SHT_NOTE, section_name, &section)) >
	       0) {
		if (section.sh_size > budget) {
			section.sh_size = budget;
			++*ret_damaged;
		}
		budget -= section.sh_size;
		elf_notes__init(&notes, section.sh_offset, section.sh_size, section.sh_addralign);
		while ((err = elf_notes__next(&notes, file, &note)) > 0) {
			if (strcmp(note.owner, owner))
				continue;
			err = visit(file, &note, ctx);
			if (err)
				return err;
		}
		if (err == -ENODATA)
			++*ret_damaged;
		else if (err)
			return err;
	}
	return err;
}

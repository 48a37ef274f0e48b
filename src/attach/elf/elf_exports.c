/* SPDX-License-Identifier: MIT */
/*
 * Looks up symbols in the table for other modules, .dynsym. Both sections are read whole, with a
 * bound, so that no order of symbols makes the file be read again and again.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "elf_file.h"

/* Of each section; musl, whose linker is the whole libc, has 40 KiB at most. */
#define MAX_BYTES (1u << 20)

struct exports {
	ElfW(Sym) * symbols;
	size_t symbol_cnt;
	char *names;
	size_t names_bytes;
};

/* NULL with errno. */
static void *read_section(struct elf_file *file, const ElfW(Shdr) * section)
{
	void *bytes;
	int err;

	if (section->sh_size > MAX_BYTES) {
		errno = E2BIG;
		return NULL;
	}
	bytes = malloc(section->sh_size + 1);
	if (!bytes)
		return NULL;
	err = elf_file__read(file, section->sh_offset, bytes, section->sh_size);
	if (!err)
		return bytes;
	free(bytes);
	errno = -err;
	return NULL;
}

/* A file without such symbols gives 0 of them. The caller frees both, also after an error. */
static int read_exports(struct elf_file *file, struct exports *ret)
{
	ElfW(Shdr) section, names;
	uint64_t number = 0;
	int err = elf_file__next_section(file, &number, SHT_DYNSYM, NULL, &section);

	if (err <= 0)
		return err;
	err = elf_file__section(file, section.sh_link, &names);
	if (err)
		return err;
	ret->symbols = read_section(file, &section);
	if (!ret->symbols)
		return -errno;
	ret->names = read_section(file, &names);
	if (!ret->names)
		return -errno;
	ret->symbol_cnt = section.sh_size / sizeof(*ret->symbols);
	ret->names_bytes = names.sh_size;
	return 0;
}

/* NULL: none. */
static const ElfW(Sym) * find(const struct exports *exports, const char *name)
{
	const size_t bytes = strlen(name) + 1;

	for (size_t i = 0; i < exports->symbol_cnt; i++) {
		const ElfW(Sym) *symbol = &exports->symbols[i];

		if (symbol->st_shndx != SHN_UNDEF && bytes <= exports->names_bytes &&
		    symbol->st_name <= exports->names_bytes - bytes &&
		    !memcmp(exports->names + symbol->st_name, name, bytes))
			return symbol;
	}
	return NULL;
}

int elf__find_exports(int fd, const char *const names[], size_t cnt, uint64_t ret_distances[])
{
	struct elf_file *file = elf_file__new(fd);
	struct exports exports = { 0 };
	int err;

	if (!file)
		return -errno;
	err = read_exports(file, &exports);
	for (size_t i = 0; !err && i < cnt; i++) {
		const ElfW(Sym) *symbol = find(&exports, names[i]);

		ret_distances[i] = symbol ? symbol->st_value - elf_file__load_vaddr(file) : 0;
	}
	free(exports.names);
	free(exports.symbols);
	elf_file__free(file);
	return err == -ENODATA ? -ENOEXEC : err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Finds the function that covers a file offset. Symbols are sorted once; a lookup is a binary
 * search.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "elf.h"
#include "elf_file.h"

#define NAME_MAX_BYTES 4096u
/* An outer function may cover an offset after so many inner ones that end before it. */
#define NESTING_MAX    16u

struct elf_symbol {
	uint64_t offset; /* in the file */
	uint64_t bytes;
	uint32_t name; /* in the string table */
	uint32_t rank; /* of several at one offset, the lowest is used */
};

struct elf_symbols {
	int fd; /* our own duplicate */
	struct elf_file *file;
	uint64_t names_offset, names_bytes;
	struct elf_symbol *list; /* ascending by offset, then rank */
	size_t cnt, cap;
};

static uint32_t symbol_rank(const ElfW(Sym) * sym)
{
	uint32_t rank = sym->st_size ? 0 : 4;

	switch (ELF64_ST_BIND(sym->st_info)) {
	case STB_GLOBAL:
		return rank;
	case STB_WEAK:
		return rank + 1;
	default:
		return rank + 2;
	}
}

static int append_symbol(struct elf_symbols *symbols, const ElfW(Sym) * sym)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info);
	uint64_t offset;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym->st_shndx == SHN_UNDEF ||
	    !sym->st_name || elf_file__offset(symbols->file, sym->st_value, 1, PF_X, &offset))
		return 0;
	if (array__reserve(symbols->list, symbols->cnt + 1, &symbols->cap))
		return -ENOMEM;
	symbols->list[symbols->cnt++] = (struct elf_symbol){
		.offset = offset,
		.bytes = sym->st_size,
		.name = sym->st_name,
		.rank = symbol_rank(sym),
	};
	return 0;
}

/* Functions of the first section of that type. */
static int read_symbols(struct elf_symbols *symbols, uint32_t type)
{
	ElfW(Shdr) section, names;
	uint64_t number = 0, cnt;
	ElfW(Sym) sym;
	int err = elf_file__next_section(symbols->file, &number, type, NULL, &section);

	if (err <= 0)
		return err;
	err = elf_file__section(symbols->file, section.sh_link, &names);
	if (err)
		return err == -ENODATA ? 0 : err;
	symbols->names_offset = names.sh_offset;
	symbols->names_bytes = names.sh_size;
	cnt = section.sh_size / sizeof(sym);
	if (cnt > ELF_MAX_SYMBOLS)
		cnt = ELF_MAX_SYMBOLS;
	for (uint64_t i = 0; i < cnt; i++) {
		err = elf_file__read(symbols->file, section.sh_offset + i * sizeof(sym), &sym,
				     sizeof(sym));
		if (!err)
			err = append_symbol(symbols, &sym);
		if (err)
			return err == -ENODATA ? 0 : err; /* cut: use what was read */
	}
	return 0;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Functions in assembly may have no size: they extend to the next one, or to the segment's end. */
static void fill_sizes(struct elf_symbols *symbols)
{
	const struct elf_segments *loads = &symbols->file->loads;
	uint64_t next = UINT64_MAX, current = UINT64_MAX;

	for (size_t i = symbols->cnt; i-- > 0;) {
		struct elf_symbol *symbol = &symbols->list[i];

		if (symbol->offset != current) {
			next = current;
			current = symbol->offset;
		}
		if (symbol->bytes)
			continue;
		symbol->bytes = next - symbol->offset;
		for (size_t at = 0; at < loads->cnt; at++) {
			uint64_t distance = symbol->offset - loads->list[at].offset;

			if (distance < loads->list[at].file_bytes &&
			    symbol->bytes > loads->list[at].file_bytes - distance)
				symbol->bytes = loads->list[at].file_bytes - distance;
		}
	}
}

struct elf_symbols *elf_symbols__new(int fd)
{
	struct elf_symbols *symbols = calloc(1, sizeof(*symbols));
	int err;

	if (!symbols)
		return NULL;
	symbols->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (symbols->fd < 0)
		goto fail_errno;
	symbols->file = elf_file__new(symbols->fd);
	if (!symbols->file)
		goto fail_errno;
	err = read_symbols(symbols, SHT_SYMTAB);
	if (!err && !symbols->cnt)
		err = read_symbols(symbols, SHT_DYNSYM);
	if (err)
		goto fail;
	if (symbols->cnt)
		qsort(symbols->list, symbols->cnt, sizeof(*symbols->list), compare_symbols);
	fill_sizes(symbols);
	return symbols;

fail_errno:
	err = -errno;
fail:
	elf_symbols__free(symbols);
	errno = -err;
	return NULL;
}

void elf_symbols__free(struct elf_symbols *symbols)
{
	if (!symbols)
		return;
	elf_file__free(symbols->file);
	if (symbols->fd >= 0)
		close(symbols->fd);
	free(symbols->list);
	free(symbols);
}

/* The first symbol at that offset, which has the lowest rank. */
static size_t first_at(const struct elf_symbols *symbols, size_t place)
{
	while (place && symbols->list[place - 1].offset == symbols->list[place].offset)
		place--;
	return place;
}

static const struct elf_symbol *find_covering(const struct elf_symbols *symbols, uint64_t offset)
{
	size_t low = 0, high = symbols->cnt;

	/* low: the first that starts after offset */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->list[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t tries = 0; low && tries < NESTING_MAX; tries++) {
		const struct elf_symbol *symbol;

		low = first_at(symbols, low - 1);
		symbol = &symbols->list[low];
		if (offset - symbol->offset < symbol->bytes)
			return symbol;
	}
	return NULL;
}

int elf_symbols__find(struct elf_symbols *symbols, uint64_t file_offset, char **ret_symbol)
{
	const struct elf_symbol *symbol = find_covering(symbols, file_offset);
	char name[NAME_MAX_BYTES];
	size_t bytes = sizeof(name) - 1;
	int err;

	if (!symbol || symbol->name >= symbols->names_bytes)
		return -ENOENT;
	if (bytes > symbols->names_bytes - symbol->name)
		bytes = (size_t)(symbols->names_bytes - symbol->name);
	memset(name, 0, sizeof(name));
	symbols->file->fill_cnt = 0; /* each lookup has its own bound */
	for (size_t at = 0; at < bytes; at++) {
		err = elf_file__read(symbols->file, symbols->names_offset + symbol->name + at,
				     name + at, 1);
		if (err)
			return err == -ENODATA ? -ENOENT : err;
		if (!name[at])
			break;
	}
	if (asprintf(ret_symbol, "%s+0x%" PRIx64, name, file_offset - symbol->offset) < 0)
		return -ENOMEM;
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf.h"
#include "elf_file.h"
#include "usdt_symbols.h"

#define NAME_MAX_BYTES 1024u

struct known_symbol {
	char *name;
	uint64_t vaddr;
	bool exists;
};

struct usdt_symbols {
	struct elf_file *file;
	struct known_symbol *known;
	size_t cnt, cap;
};

struct usdt_symbols *usdt_symbols__new(struct elf_file *file)
{
	struct usdt_symbols *symbols = calloc(1, sizeof(*symbols));

	if (symbols)
		symbols->file = file;
	return symbols;
}

void usdt_symbols__free(struct usdt_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->cnt; i++)
		free(symbols->known[i].name);
	free(symbols->known);
	free(symbols);
}

static bool is_at(uint8_t info, uint16_t section)
{
	const unsigned int type = ELF64_ST_TYPE(info);

	return section != SHN_UNDEF && section != SHN_ABS &&
	       (type == STT_OBJECT || type == STT_FUNC || type == STT_NOTYPE);
}

/* In the first table of that type. 1: found; 0: it has no such symbol; or -errno. */
static int find_in(struct elf_file *file, uint32_t table_type, const char *name,
		   uint64_t *ret_vaddr)
{
	const size_t bytes = strlen(name) + 1;
	char text[NAME_MAX_BYTES];
	ElfW(Shdr) table, names;
	uint64_t number = 0;
	ElfW(Sym) symbol;
	int err = elf_file__next_section(file, &number, table_type, NULL, &table);

	if (err <= 0)
		return err;
	err = elf_file__section(file, table.sh_link, &names);
	for (uint64_t i = 0; !err && i < table.sh_size / sizeof(symbol) && i < ELF_MAX_SYMBOLS;
	     i++) {
		err = elf_file__read(file, table.sh_offset + i * sizeof(symbol), &symbol,
				     sizeof(symbol));
		if (err || !is_at(symbol.st_info, symbol.st_shndx) || bytes > names.sh_size ||
		    symbol.st_name > names.sh_size - bytes)
			continue;
		err = elf_file__read(file, names.sh_offset + symbol.st_name, text, bytes);
		if (!err && !memcmp(text, name, bytes)) {
			*ret_vaddr = symbol.st_value;
			return 1;
		}
	}
	return err;
}

static bool look_up(struct elf_file *file, const char *name, uint64_t *ret_vaddr)
{
	/* the compiler's own labels are in no table */
	if (strlen(name) >= NAME_MAX_BYTES || !strncmp(name, ".L", 2))
		return false;
	return find_in(file, SHT_SYMTAB, name, ret_vaddr) > 0 ||
	       find_in(file, SHT_DYNSYM, name, ret_vaddr) > 0;
}

int usdt_symbols__find(void *ctx, const char *name, uint64_t *ret_vaddr)
{
	struct usdt_symbols *symbols = ctx;
	struct known_symbol *known;

	for (size_t i = 0; i < symbols->cnt; i++) {
		known = &symbols->known[i];
		if (strcmp(known->name, name))
			continue;
		*ret_vaddr = known->vaddr;
		return known->exists ? 0 : -ENOENT;
	}
	if (symbols->cnt == USDT_MAX_SYMBOLS ||
	    array__reserve(symbols->known, symbols->cnt + 1, &symbols->cap))
		return -ENOENT;
	known = &symbols->known[symbols->cnt];
	*known = (struct known_symbol){ .name = strdup(name) };
	if (!known->name)
		return -ENOENT;
	symbols->cnt++;
	known->exists = look_up(symbols->file, name, &known->vaddr);
	*ret_vaddr = known->vaddr;
	return known->exists ? 0 : -ENOENT;
}

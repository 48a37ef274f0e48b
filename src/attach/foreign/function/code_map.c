/* SPDX-License-Identifier: MIT */
/*
 * .eh_frame_hdr (Linux Standard Base 5.0, chapter 10.6) has a sorted table: the start of each piece
 * of code, and its entry in .eh_frame, which has the length. All compilers write it with the same
 * encodings; others are not read.
 */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "array.h"
#include "code_map.h"
#include "elf_file.h"

/* Encodings (DW_EH_PE_): 4 bytes, signed, from the place itself; 4 bytes, unsigned; 4 bytes, signed,
 * from the table's start. */
#define FROM_PLACE  0x1b
#define PLAIN       0x03
#define FROM_TABLE  0x3b
#define MAX_ENTRIES (16u << 20)

struct table_head {
	uint8_t version, frame_encoding, cnt_encoding, table_encoding;
	int32_t frame;
	uint32_t cnt;
};

struct table_entry {
	int32_t code, frame; /* distances from the table */
};

/* A frame's entry, where the encoding is FROM_PLACE. */
struct frame_entry {
	uint32_t bytes, common;
	int32_t code;
	uint32_t code_bytes;
};

/* 1; 0: there is none; or -errno. */
static int find_section(const struct code_map *map, const char *name, ElfW(Shdr) * ret)
{
	uint64_t number = 0;
	int err = elf_file__next_section(map->file, &number, SHT_PROGBITS, name, ret);

	if (err)
		return err;
	/* that of unwinding tables may have another type */
	number = 0;
	return elf_file__next_section(map->file, &number, SHT_X86_64_UNWIND, name, ret);
}

static int read_head(struct code_map *map)
{
	struct table_head head;
	ElfW(Shdr) section;
	int err = find_section(map, ".eh_frame_hdr", &section);

	if (err <= 0)
		return err;
	err = elf_file__read(map->file, section.sh_offset, &head, sizeof(head));
	if (err)
		return err == -ENODATA ? 0 : err;
	if (head.version != 1 || head.frame_encoding != FROM_PLACE || head.cnt_encoding != PLAIN ||
	    head.table_encoding != FROM_TABLE || head.cnt > MAX_ENTRIES ||
	    head.cnt > section.sh_size / sizeof(struct table_entry))
		return 0;
	map->table_vaddr = section.sh_addr;
	map->table_offset = section.sh_offset;
	map->entry_cnt = head.cnt;
	return 0;
}

static int read_stubs(struct code_map *map)
{
	static const char *const names[] = { ".plt", ".plt.sec", ".plt.got", ".plt.bnd", ".iplt" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ElfW(Shdr) section;
		int err = find_section(map, names[i], &section);

		if (err < 0)
			return err;
		if (err)
			map->stubs[map->stub_cnt++] =
				(struct code_range){ .vaddr = section.sh_addr,
						     .bytes = section.sh_size };
	}
	return 0;
}

static int find_handlers(struct code_map *map)
{
	static const char *const names[] = { ".gcc_except_table", ".gopclntab" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ElfW(Shdr) section;
		int err = find_section(map, names[i], &section);

		if (err < 0)
			return err;
		map->has_handlers |= err > 0;
	}
	return 0;
}

int code_map__read(struct code_map *map, struct elf_file *file)
{
	int err;

	*map = (struct code_map){ .file = file };
	err = read_head(map);
	if (!err)
		err = read_stubs(map);
	if (!err)
		err = find_handlers(map);
	return err;
}

static bool read_entry(const struct code_map *map, uint32_t at, struct table_entry *ret)
{
	return !elf_file__read(map->file,
			       map->table_offset + sizeof(struct table_head) + at * sizeof(*ret),
			       ret, sizeof(*ret));
}

/* The last entry that begins at that distance or before it. */
static bool find_entry(const struct code_map *map, int64_t distance, struct table_entry *ret)
{
	uint32_t low = 0, high = map->entry_cnt;
	struct table_entry entry;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (!read_entry(map, middle, &entry))
			return false;
		if (entry.code <= distance)
			low = middle + 1;
		else
			high = middle;
	}
	return low && read_entry(map, low - 1, ret);
}

bool code_map__find(const struct code_map *map, uint64_t vaddr, struct code_range *ret)
{
	struct table_entry entry;
	struct frame_entry frame;
	uint64_t offset, frame_vaddr;
	struct code_range range;

	if (!map->entry_cnt || !find_entry(map, (int64_t)(vaddr - map->table_vaddr), &entry))
		return false;
	range.vaddr = map->table_vaddr + (uint64_t)(int64_t)entry.code;
	frame_vaddr = map->table_vaddr + (uint64_t)(int64_t)entry.frame;
	if (elf_file__offset(map->file, frame_vaddr, sizeof(frame), 0, &offset) ||
	    elf_file__read(map->file, offset, &frame, sizeof(frame)))
		return false;
	/* another encoding */
	if (frame_vaddr + offsetof(struct frame_entry, code) + (uint64_t)(int64_t)frame.code !=
	    range.vaddr)
		return false;
	range.bytes = frame.code_bytes;
	if (!code_range__has(&range, vaddr))
		return false;
	*ret = range;
	return true;
}

bool code_map__is_stub(const struct code_map *map, uint64_t vaddr)
{
	for (size_t i = 0; i < map->stub_cnt; i++) {
		if (code_range__has(&map->stubs[i], vaddr))
			return true;
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a file's tables tell of its code, beside symbols: where functions begin and end, by its
 * unwinding table, and which code is the linker's.
 */
#ifndef TTLOG_CODE_MAP_H
#define TTLOG_CODE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file;

struct code_range {
	uint64_t vaddr, bytes;
};

#define CODE_MAP_STUBS 8u

struct code_map {
	struct elf_file *file;
	uint64_t table_vaddr, table_offset; /* .eh_frame_hdr */
	uint32_t entry_cnt;                 /* of its table, sorted by address */
	/* calls of other files lead through these (.plt and the like) */
	struct code_range stubs[CODE_MAP_STUBS];
	size_t stub_cnt;
	/* code is reached by ways that no instruction shows: the unwinder jumps to handlers of
	 * exceptions, Go's runtime to what is left of a function after a panic */
	bool has_handlers;
};

/* 0 or -errno. A table that is not as compilers write it is passed over. */
int code_map__read(struct code_map *map, struct elf_file *file);

/* The piece of code that has its own entry in the unwinding table. False: there is none. */
bool code_map__find(const struct code_map *map, uint64_t vaddr, struct code_range *ret);

bool code_map__is_stub(const struct code_map *map, uint64_t vaddr);

static inline bool code_range__has(const struct code_range *range, uint64_t vaddr)
{
	return vaddr - range->vaddr < range->bytes;
}

#endif /* TTLOG_CODE_MAP_H */
